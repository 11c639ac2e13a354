//! What the help of each command ends with. A test runs every command that stands here.

pub const ALL: &str = "Examples:
  gaussling demo
  gaussling train data.csv --targets y
  gaussling compare data.csv --targets y --seeds 5
  gaussling predict model.safetensors new.csv
  gaussling evaluate model.safetensors data.csv
  gaussling export model.safetensors --rust model.rs
  gaussling audit

Data: CSV, TSV or spaces between columns, with or without a header; MAT v5; NPY, NPZ; IDX; any of them gzipped. One sample a row.
Exit codes, with one line on stderr that says why:
  0    done
  1    failed for another reason than those below, such as too little memory
  2    the command line is wrong
  3    the data are missing, damaged, or not what the command needs
  4    the model file or the checkpoint is missing, damaged, or cannot do what is asked for
  5    a result cannot be written
  6    training diverged; the model has the best weights before that
  130  interrupted by Ctrl-C";

pub const DEMO: &str = "Examples:
  gaussling demo
  gaussling demo --methods gnvpro,adam --seeds 2 --output report";

pub const TRAIN: &str = "Examples:
  gaussling train data.csv --targets y
  gaussling train data.csv --targets y --method slimtrain --epochs 50 --output slim.safetensors
  gaussling train flowers.csv --targets species --net dense:8,antisym:8x2
  gaussling train data.csv --targets y --test new.csv --json
  gaussling train data.csv --targets y --method adam --precision f32
  gaussling train data.csv --targets y --stream
  gaussling train data.csv --targets y --method gnvpro --block 1024
  gaussling train data.csv --targets y --stream --method adam --window 100000 --epochs 20
  gaussling train data.csv --targets y --method adam --epochs 1000 --patience 200 --resume --report report.html

--json: method, seed, network, weights, loss, precision, picked (each value and why), error (what it is), training, validation and
test (each loss, error, normalized), work_units, seconds, ended, model, plot.

--stream: for files larger than memory. Each epoch reads the file once; a tenth of the samples is for validation (--split
A/B/0), a test set is a file of its own (--test FILE, kept in memory). gnvpro, lbfgs, gauss-newton and curveball-varpro need all data at once; where the data
fit into memory and the features do not, --block will do.

While it trains, the run is kept in OUTPUT.checkpoint; interrupted (Ctrl-C, a signal, a power cut), it goes on with the same
command and --resume, and ends with the same bits.";

pub const COMPARE: &str = "Examples:
  gaussling compare data.csv --targets y
  gaussling compare data.csv --targets y --methods gnvpro,adam --seeds 2 --output report
  gaussling compare flowers.csv --task classification --work-units 200 --json

--json: network, weights, loss, precision, picked (each value and why), error (what it is), methods (a list of the table's
rows, errors as shares of 1), runs (a list of all runs), and with --output plot, best_model, rust, with --history history, with --report report.

Interrupted (Ctrl-C, a signal), it ends after the present step with the table and files of the runs that are complete.";

pub const PREDICT: &str = "Examples:
  gaussling predict model.safetensors new.csv
  gaussling predict model.safetensors new.csv --output predictions.csv
  gaussling predict model.safetensors new.csv --json

--json: targets (names), predictions (a list for each sample; for a classifier labels), and for a classifier classes and
scores (a list for each sample).";

pub const EVALUATE: &str = "Examples:
  gaussling evaluate model.safetensors data.csv
  gaussling evaluate model.safetensors data.csv --json

--json: samples, loss, loss_name, error, error_name, normalized, rmse; for a regression outputs (a list of name, rmse,
largest, worst_sample from 1), for a classifier accuracy, classes, recall, precision, confusion (rows: truth).";

pub const INFO: &str = "Examples:
  gaussling info model.safetensors
  gaussling info data.csv
  gaussling info model.safetensors --json

--json, model: kind, task, version, network, weights, bytes_as_f32, inputs, targets, outputs, classes, input_scaling and
target_scaling (mean, scale), record. Data: kind, task, samples, inputs, targets, classes.";

pub const EXPORT: &str = "Examples:
  gaussling export model.safetensors --rust model.rs
  gaussling export model.safetensors --rust model.rs --storage int8 --data data.csv
  gaussling export model.safetensors --rust model.rs --storage int8 --data data.csv --refit

The file has predict (and classify), without allocation or panic, and self_test, which compares recorded predictions bit
for bit. 8 bits suit classifiers; where numbers must be accurate take f16 or f32, or --refit. With f32 it computes what the desktop computes with the weights rounded to f32, to the bit.";

pub const AUDIT: &str = "Examples:
  gaussling audit
  gaussling audit --json

Takes a few seconds. Exit code 1 when a number is outside its limit; the page then ends with a list of those.

--json: version, compiler, platform, processor, instructions, threads, passes, checks (a list of part, name, measure, precision,
backend, worst, limit, passes, at, trials, details: the same by kind and scale of matrix).";

pub const COMPLETIONS: &str = "Examples:
  gaussling completions bash
  gaussling completions zsh

bash: gaussling completions bash > ~/.local/share/bash-completion/completions/gaussling
zsh: a file _gaussling in a folder of fpath; fish: ~/.config/fish/completions/gaussling.fish";
