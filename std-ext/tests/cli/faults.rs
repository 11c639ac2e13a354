//! Killed in the middle of every write and between any two, a disk that is full at any size, files cut and altered: files are whole
//! or what they were, and the run that goes on ends with the very bytes.
//!
//! `ulimit -f` is what makes this the same in every run: the kernel ends a process (SIGXFSZ) in the write that makes a file longer
//! than so many blocks, and when the process ignores the signal the write is an error, as on a full disk.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use gaussling::model::Model;
use gaussling::train::Checkpoint;

use super::{DATA, Folder, MODEL, OUTPUT, regression};

/// A run of thirty epochs, one step each.
const TRAIN: &str = "train data.csv -q --net dense:6 --method adam --batch 36 --work-units 60 --resume \
                     -o m.safetensors --history h.csv --report r.html";
const ALWAYS: &str = " --checkpoint-seconds 0";
const NEVER: &str = " --checkpoint-seconds 1e9";

const CHECKPOINT: &str = "m.safetensors.checkpoint";
const TEMPORARY: &str = ".m.safetensors.checkpoint.tmp";
const LOCK: &str = ".m.safetensors.checkpoint.lock";

/// What lies in a folder.
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn files(folder: &Folder) -> Files {
    folder.names().into_iter().map(|name| (name.clone(), folder.read(&name))).collect()
}

/// Makes a folder hold these files and no others.
fn fill(folder: &Folder, files: &Files) {
    folder.names().iter().for_each(|name| std::fs::remove_file(folder.0.join(name)).unwrap());
    files.iter().for_each(|(name, bytes)| folder.write(name, bytes));
}

/// What a disk with room for so many blocks, of 512 or 1024 bytes as the shell has it, does to a process.
#[derive(Clone, Copy)]
pub enum Disk {
    Kills,
    IsFull,
}

pub fn limited(folder: &Folder, blocks: usize, disk: Disk, line: &str) -> (Output, String) {
    let trap = if matches!(disk, Disk::IsFull) { "trap '' XFSZ; " } else { "" };
    let script = format!("{trap}ulimit -c 0; ulimit -f {blocks}; exec {} {line}", env!("CARGO_BIN_EXE_gaussling"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(&folder.0).output().unwrap();
    let err = String::from_utf8(output.stderr.clone()).unwrap();
    (output, err)
}

/// A folder with the files of a run with another seed, and what the run is to give.
struct Trial {
    folder: Folder,
    old: Files,
    whole: Files,
}

impl Trial {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        folder.write("data.csv", regression(60));
        folder.run(TRAIN).ok();
        let whole = files(&folder);
        folder.run(&format!("{TRAIN} --seed 9")).ok();
        let old = files(&folder);
        for name in ["m.safetensors", "m.svg", "h.csv", "r.html"] {
            assert_ne!(old[name], whole[name], "{name}");
        }
        assert_eq!(old.len(), 5, "{:?}", old.keys());
        Self { folder, old, whole }
    }

    /// Runs it with always the same limit, from what is given, until it is over: (killed?, what is there).
    fn killed(&self, before: &Files, blocks: usize, more: &str) -> (bool, Files) {
        fill(&self.folder, before);
        let (output, err) = limited(&self.folder, blocks, Disk::Kills, &format!("{TRAIN}{more}"));
        let killed = output.status.signal().is_some();
        assert!(killed || output.status.success(), "{blocks} blocks: {err}");
        (killed, files(&self.folder))
    }

    /// Each file is the old or the new one, whole. `hidden` are names that a killed run may leave.
    #[track_caller]
    fn assert_whole(&self, now: &Files, hidden: &[&str]) {
        for (name, bytes) in now {
            let (old, new) = (&self.old, &self.whole);
            match name.as_str() {
                CHECKPOINT => drop(Checkpoint::load(&self.folder.0.join(name)).unwrap()),
                // Their seconds differ from run to run.
                "h.csv" => assert!(bytes == &old[name] || steps(bytes) == steps(&new[name]), "{name}"),
                "r.html" => assert!(bytes == &old[name] || bytes.ends_with(b"</html>\n"), "{name}"),
                _ if hidden.contains(&name.as_str()) => {}
                _ => assert!(bytes == &old[name] || bytes == &new[name], "{name}"),
            }
        }
        assert!(self.old.keys().all(|name| now.contains_key(name)), "lost: {:?}", now.keys());
        Model::load(&self.folder.0.join("m.safetensors")).unwrap();
    }

    /// Goes on from what is there without a limit: the very run, and nothing is left over.
    #[track_caller]
    fn assert_goes_on(&self) {
        self.folder.run(&format!("{TRAIN}{NEVER}")).ok();
        let now = files(&self.folder);
        assert_eq!(now.keys().collect::<Vec<_>>(), self.whole.keys().collect::<Vec<_>>());
        for name in ["data.csv", "m.safetensors", "m.svg"] {
            assert!(now[name] == self.whole[name], "{name}: other bytes");
        }
        assert_eq!(steps(&now["h.csv"]), steps(&self.whole["h.csv"]));
    }

    /// A checkpoint from within the run, and the beginning of the next one, as the first kill leaves them that leaves any.
    fn checkpoint(&self) -> (Vec<u8>, Vec<u8>) {
        for blocks in 0..40 {
            let (_, mut now) = self.killed(&self.old, blocks, ALWAYS);
            if let (Some(checkpoint), Some(part)) = (now.remove(CHECKPOINT), now.remove(TEMPORARY)) {
                return (checkpoint, part);
            }
        }
        panic!("no checkpoint was longer than the one before it by a block");
    }
}

/// Limits in blocks: each up to the size of a model, of checkpoints, and of the plot, fewer up to that of the report.
fn sizes() -> impl Iterator<Item = usize> {
    (0..12).chain((12..200).step_by(9))
}

/// A history without its seconds.
fn steps(history: &[u8]) -> Vec<String> {
    let text = str::from_utf8(history).unwrap();
    let cells = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    cells.map(|cells| [&cells[..1], &cells[2..]].concat().join(",")).collect()
}

/// Files that a kill leaves half-written.
const HIDDEN: [&str; 6] = [".m.safetensors.tmp", ".m.svg.tmp", ".h.csv.tmp", ".r.html.tmp", TEMPORARY, LOCK];

#[test]
fn killed_in_the_middle_of_any_write_a_run_goes_on_to_the_same_bytes() {
    let trial = Trial::new("killed-writing");
    let with = |checkpoint: &[u8]| {
        let mut files = trial.old.clone();
        files.insert(CHECKPOINT.to_string(), checkpoint.to_vec());
        files
    };
    let (checkpoint, _) = trial.checkpoint();
    let mut seen = BTreeMap::new();
    let mut ended = 0;
    for (from, more) in [(&trial.old, ALWAYS), (&with(&checkpoint), ALWAYS), (&with(&checkpoint), NEVER)] {
        for blocks in sizes() {
            let (killed, now) = trial.killed(from, blocks, more);
            trial.assert_whole(&now, &HIDDEN);
            if more == NEVER && killed {
                assert!(now[CHECKPOINT] == checkpoint, "{blocks} blocks: the checkpoint is lost");
            }
            now.keys()
                .filter(|name| name.ends_with(".tmp"))
                .for_each(|name| *seen.entry(name.clone()).or_insert(0) += 1);
            trial.assert_goes_on();
            if !killed {
                ended += 1;
                break;
            }
        }
    }
    assert_eq!(ended, 3, "it never comes to its end");
    println!("killed while writing: {seen:?}");
    // The history is shorter than the plot, which is written before it.
    let expected = [TEMPORARY, ".m.safetensors.tmp", ".m.svg.tmp", ".r.html.tmp"];
    assert_eq!(seen.keys().map(String::as_str).collect::<Vec<_>>(), expected);
}

/// Between any two operations of a save, and between the saves of two files: what can be there then is put there.
#[test]
fn killed_between_any_two_writes_a_run_goes_on_to_the_same_bytes() {
    let trial = Trial::new("killed-between");
    let (checkpoint, part) = trial.checkpoint();
    assert!(!part.is_empty() && part.len() < checkpoint.len() + 1024);
    // The last one before the results are written.
    let (killed, now) = trial.killed(&trial.old, checkpoint.len().div_ceil(512).max(8), ALWAYS);
    let last = now[CHECKPOINT].clone();
    assert!(killed && last.len() > checkpoint.len() && now["m.safetensors"] == trial.whole["m.safetensors"]);

    let saves = ["m.safetensors", "m.svg", "h.csv", "r.html"];
    let mut states: Vec<(String, Files)> = Vec::new();
    let mut state = |what: String, changes: &[(&str, Option<&[u8]>)]| {
        let mut files = trial.old.clone();
        for (name, bytes) in changes {
            match bytes {
                Some(bytes) => files.insert((*name).to_string(), bytes.to_vec()),
                None => files.remove(*name),
            };
        }
        states.push((what, files));
    };
    // Checkpoints: none or one, and beside it nothing, a part of the next, the whole of it, or rubbish of a longer one.
    let longer = [&last[..], &[7; 5000]].concat();
    for (at, old) in [None, Some(&checkpoint[..]), Some(&last[..])].into_iter().enumerate() {
        let cuts = (0..last.len()).step_by(251).chain([last.len() - 1, last.len()]);
        for new in cuts.map(|cut| Some(&last[..cut])).chain([None, Some(&part[..]), Some(&longer)]) {
            let what = format!("checkpoint {at} beside {:?} bytes", new.map(<[u8]>::len));
            state(what, &[(CHECKPOINT, old), (TEMPORARY, new), (LOCK, Some(b""))]);
        }
    }
    // Results: so many are saved, and the next is written but not renamed.
    for count in 0..=saves.len() {
        for half in [false, true] {
            let saved = saves[..count].iter().map(|name| (*name, Some(&trial.whole[*name][..])));
            let mut changes: Vec<_> = saved.chain([(CHECKPOINT, Some(&last[..])), (LOCK, Some(b""))]).collect();
            let hidden = saves.get(count).map(|name| format!(".{name}.tmp"));
            if let Some(hidden) = &hidden {
                let bytes = &trial.whole[saves[count]];
                changes.push((hidden, Some(&bytes[..if half { bytes.len() / 2 } else { bytes.len() }])));
            }
            state(format!("{count} results, half: {half}"), &changes);
        }
    }
    // The first run in a folder, of which nothing but the first results is there.
    for count in 0..saves.len() {
        let lost = saves[count..].iter().map(|name| (*name, None));
        let saved = saves[..count].iter().map(|name| (*name, Some(&trial.whole[*name][..])));
        state(
            format!("first {count} results"),
            &lost.chain(saved).chain([(CHECKPOINT, Some(&last[..]))]).collect::<Vec<_>>(),
        );
    }
    assert!(states.len() > 50, "{}", states.len());
    for (what, before) in &states {
        println!("{what}");
        fill(&trial.folder, before);
        trial.assert_goes_on();
    }
}

#[test]
fn on_a_disk_that_is_full_at_any_size_files_stay_and_the_reason_is_said() {
    let trial = Trial::new("full-anywhere");
    let (checkpoint, _) = trial.checkpoint();
    let mut from = trial.old.clone();
    from.insert(CHECKPOINT.to_string(), checkpoint.clone());
    let mut named = std::collections::BTreeSet::new();
    let mut ended = false;
    for blocks in sizes() {
        fill(&trial.folder, &from);
        let (output, err) = limited(&trial.folder, blocks, Disk::IsFull, &format!("{TRAIN}{ALWAYS}"));
        let now = files(&trial.folder);
        trial.assert_whole(&now, &[]);
        let lines: Vec<&str> = err.lines().collect();
        // That checkpoints cannot be written is said once, and is no failure.
        let (last, notes) = lines.split_last().unwrap_or((&"", &[]));
        let note = format!("gaussling: {CHECKPOINT}: cannot be written: File too large");
        assert!(notes.len() <= 1 && notes.iter().all(|said| said.starts_with(&note)), "{blocks} blocks: {err}");
        if output.status.success() {
            assert_eq!(err, "");
            ended = true;
            break;
        }
        assert_eq!(output.status.code(), Some(OUTPUT), "{err}");
        let (file, why) = last.strip_prefix("gaussling: ").unwrap().split_once(": cannot be written: ").unwrap();
        assert!(why.starts_with("File too large"), "{err}");
        assert!(now[file] == trial.old[file], "{blocks} blocks: {file} is not what it was");
        assert!(
            notes.is_empty()
                || now[CHECKPOINT] == checkpoint
                || Checkpoint::load(&trial.folder.0.join(CHECKPOINT)).is_ok()
        );
        named.insert(file.to_string());
        trial.assert_goes_on();
    }
    assert!(ended, "it never comes to its end");
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["m.safetensors", "m.svg", "r.html"]);
}

/// `/dev/full` has no room at all, and as a device it cannot be replaced.
#[test]
#[cfg(target_os = "linux")]
fn what_is_written_to_a_full_device_is_an_error() {
    let folder = Folder::new("full-device");
    folder.write("data.csv", regression(60));
    let train = "train data.csv -q --net dense:4 --work-units 10 -o m.safetensors";
    folder.run(train).ok();
    // A link, so that no other file lies in `/dev` than the device.
    std::os::unix::fs::symlink("/dev/full", folder.0.join("full")).unwrap();
    for line in [
        "train data.csv -q --net dense:4 --work-units 10 -o full",
        &format!("{train} --history full"),
        &format!("{train} --report full"),
        "compare data.csv -q --net dense:4 --work-units 10 --methods adam --history full",
        "predict m.safetensors data.csv --output full",
        "export m.safetensors --rust full",
    ] {
        let ran = folder.run(line);
        assert_eq!((ran.code, ran.err.lines().count()), (Some(OUTPUT), 1), "{line}: {ran:?}");
        assert!(ran.err.starts_with("gaussling: full: cannot be written: No space left"), "{line}: {ran:?}");
        assert!(folder.names().iter().all(|name| !name.starts_with('.') && !name.ends_with("checkpoint")), "{line}");
    }
    let script = format!("{} info m.safetensors >/dev/full", env!("CARGO_BIN_EXE_gaussling"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(&folder.0).output().unwrap();
    assert_eq!(output.status.code(), Some(OUTPUT));
}

/// Numbers of processes come again, in a container at once: what a killed process left must not stop the next one.
#[test]
fn what_a_process_with_the_same_number_left_is_no_obstacle() {
    let folder = Folder::new("same-number");
    folder.write("data.csv", regression(60));
    let train = "train data.csv -q --net dense:4 --work-units 10 -o m.safetensors";
    let left = "echo left >m.safetensors.$$.probe; echo left >.m.safetensors.$$-0.tmp";
    let script = format!("{left}; exec {} {train}", env!("CARGO_BIN_EXE_gaussling"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(&folder.0).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let names = folder.names();
    assert!(
        names.len() == 4 && names[0].ends_with("-0.tmp") && names[1..] == ["data.csv", "m.safetensors", "m.svg"],
        "{names:?}"
    );
}

/// The commands that read a model or a checkpoint, on files cut at many places and with many bits flipped; each place and each bit
/// is tried in the tests of the library.
#[test]
fn files_cut_or_altered_are_refused_in_one_line() {
    let trial = Trial::new("damaged");
    let (checkpoint, _) = trial.checkpoint();
    let (model, folder) = (trial.whole["m.safetensors"].clone(), &trial.folder);
    fill(folder, &trial.old);
    let mut draw = 2024_u64;
    let mut below = |limit: usize| {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (draw >> 33) as usize % limit
    };
    let resumed = format!("{TRAIN}{ALWAYS} --checkpoint damaged");
    let lines = [
        "info damaged",
        "predict damaged data.csv",
        "evaluate damaged data.csv",
        "export damaged --rust m.rs",
        &resumed,
    ];
    for (at, line) in lines.into_iter().enumerate() {
        let whole = if at == 4 { &checkpoint } else { &model };
        let cuts = (0..whole.len()).step_by(whole.len() / 40).chain([1, 7, 8, 9, whole.len() - 1]);
        let mut damages: Vec<Vec<u8>> = cuts.map(|end| whole[..end].to_vec()).collect();
        // Behind the header, where no flip is harmless.
        let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
        for _ in 0..40 {
            let mut flipped = whole.clone();
            flipped[header + below(whole.len() - header)] ^= 1 << below(8);
            damages.push(flipped);
        }
        for bytes in damages {
            folder.write("damaged", &bytes);
            let ran = folder.run(line);
            // What has no beginning of a model could be data as well.
            let code = if line.starts_with("info") && bytes.len() < 9 { DATA } else { MODEL };
            assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (Some(code), "", 1), "{line}: {ran:?}");
            assert!(ran.err.starts_with("gaussling: damaged: "), "{line}: {ran:?}");
            assert!(folder.read("damaged") == bytes, "{line}: it was touched");
            std::fs::remove_file(folder.0.join("damaged")).unwrap();
            assert!(files(folder) == trial.old, "{line}: {:?}", folder.names());
        }
    }
}
