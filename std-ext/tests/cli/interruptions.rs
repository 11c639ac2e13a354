//! Runs that are killed or asked to end, disks that are full: what is there afterwards, and that it goes on with the same bits.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::faults::{Disk, limited};
use super::{Folder, MODEL, OUTPUT, number, regression};

/// Two wavy targets of two inputs, which take long to learn.
fn wavy() -> String {
    let row = |k: usize| {
        let (u, v) = (number(2 * k), number(2 * k + 1));
        format!("{u},{v},{},{}\n", 3.0 + (3.0 * u).sin() * v, 5.0 + (2.5 * u).sin() * (4.0 * v).cos())
    };
    "u,v,target_a,target_b\n".to_string() + &(0..400).map(row).collect::<String>()
}

pub fn start(folder: &Folder, line: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gaussling"));
    let command = command.args(line.split_whitespace()).current_dir(&folder.0).stdout(Stdio::piped());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Exit code and what was said on standard error.
pub fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

pub fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// The history without its second column, which is that of the seconds.
fn history(folder: &Folder, name: &str) -> Vec<String> {
    let without = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), 5, "{line}");
        [&cells[..1], &cells[2..]].concat().join(",")
    };
    folder.text(name).lines().map(without).collect()
}

/// Waits until a file is there that was not.
pub fn wait_for(folder: &Folder, name: &str) {
    let since = Instant::now();
    while !folder.0.join(name).exists() {
        assert!(since.elapsed() < Duration::from_secs(60), "{name} does not come");
        sleep(Duration::from_millis(2));
    }
}

/// Killed without warning after times that differ, until it comes to an end by itself.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimization; run with --release")]
fn runs_killed_at_any_moment_end_with_the_same_bits() {
    let folder = Folder::new("killed");
    folder.write("data.csv", wavy());
    let mut draw = 12345_u64;
    for (method, work_units) in [
        ("gnvpro", 1500),
        ("slimtrain", 60),
        ("curveball", 1500),
        ("curveball-varpro", 3000),
        ("adam", 80),
        ("sgd", 80),
        ("lbfgs", 1500),
        ("gauss-newton", 1500),
        ("gnvpro --precision f32", 1500),
        ("slimtrain --stream --window 50", 60),
        ("adam --stream --precision f32", 80),
    ] {
        let train = |name: &str| {
            format!(
                "train data.csv -q --net dense:16,antisym:16x2 --method {method} --work-units {work_units} \
                 -o {name}.safetensors --history {name}.csv"
            )
        };
        folder.run(&train("whole")).ok();
        let line = train("killed") + " --checkpoint-seconds 0 --resume";
        let mut taken_up = 0;
        for count in 0.. {
            assert!(count < 400, "{method}: it never ends");
            let at_work = folder.0.join("killed.safetensors.checkpoint").exists();
            let mut child = start(&folder, &line);
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Longer and longer, so that a busy machine comes to an end as well.
            sleep(Duration::from_millis(40 + draw.rotate_left(20) % 200 + 10 * count));
            let ended = child.try_wait().unwrap().is_some();
            if !ended {
                child.kill().unwrap();
            }
            let (code, err) = end(child);
            // One that ended in between was not killed.
            assert!(
                ended && code == Some(0) || !ended && (code.is_none() || code == Some(0)),
                "{method}: {code:?} {err}"
            );
            taken_up += usize::from(at_work);
            if code == Some(0) {
                break;
            }
        }
        println!("{method}: taken up {taken_up} times");
        assert!(taken_up >= 1, "{method}: it was never taken up from a checkpoint");
        assert!(folder.read("killed.safetensors") == folder.read("whole.safetensors"), "{method}: other bits");
        assert_eq!(history(&folder, "killed.csv"), history(&folder, "whole.csv"), "{method}");
    }
    // Nothing is left over but what a killed process was writing when it ended: a model, a probe.
    let names = folder.names();
    assert!(names.iter().all(|name| !name.ends_with("checkpoint") && !name.ends_with("checkpoint.tmp")), "{names:?}");
}

#[test]
fn signals_end_a_run_in_order_and_it_goes_on_from_there() {
    let folder = Folder::new("signals");
    folder.write("data.csv", regression(60));
    for (name, method) in [("INT", "adam"), ("TERM", "slimtrain"), ("HUP", "gnvpro"), ("INT", "sgd")] {
        let train = |work: &str, more: &str| {
            let net = if method == "gnvpro" { "dense:30,dense:30,dense:30" } else { "dense:6" };
            format!("train data.csv --net {net} --method {method} {work} -o m.safetensors {more}")
        };
        // The budget of a run that takes hours; it must not matter where it is interrupted.
        let long = train("--work-units 1e9 --alpha 1e-10", "--checkpoint-seconds 0.01");
        let child = start(&folder, &long);
        wait_for(&folder, "m.safetensors.checkpoint");
        signal(&child, name);
        let (code, err) = end(child);
        assert_eq!(code, Some(130), "{err}");
        let last = err.lines().last().unwrap();
        assert!(last.starts_with("gaussling: interrupted after "), "{err}");
        assert!(
            last.ends_with(
                "m.safetensors has the best weights so far; the same command with --resume goes on from there"
            )
        );
        assert!(err.contains("interrupted: the step under way is finished"), "{err}");
        assert_eq!(folder.names(), ["data.csv", "m.safetensors", "m.safetensors.checkpoint", "m.svg"]);
        folder.run("predict m.safetensors data.csv").ok();

        // Without --resume it is not overwritten; another run does not go on from it.
        let before = folder.read("m.safetensors.checkpoint");
        let refused = |line: &str, words: &[&str]| {
            let ran = folder.run(line);
            assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (Some(MODEL), "", 1), "{ran:?}");
            assert!(words.iter().all(|word| ran.err.contains(word)), "{ran:?}");
            assert!(folder.read("m.safetensors.checkpoint") == before);
        };
        refused(&long, &["m.safetensors.checkpoint: is there", "add --resume", "or delete it"]);
        let other = train("--work-units 1e8", "--resume --alpha 1e-3 --seed 5");
        refused(
            &other,
            &["its seed is 0, this run has 5; its budget in work units is 1000000000.0", "alpha of theta is 1e-10"],
        );
        // Cut or altered, it is refused and not touched.
        for damaged in [before[..before.len() - 3].to_vec(), [&before[..before.len() - 1], b"x"].concat()] {
            folder.write("damaged", damaged);
            let ran = folder.run(&(long.clone() + " --resume --checkpoint damaged"));
            assert!(ran.code == Some(MODEL) && ran.err.contains("damaged: is "), "{ran:?}");
            assert!(ran.err.contains("delete it to start from the beginning"), "{ran:?}");
            std::fs::remove_file(folder.0.join("damaged")).unwrap();
        }
        // It goes on, and is interrupted again, further on.
        let child = start(&folder, &(long + " --resume"));
        sleep(Duration::from_millis(100));
        signal(&child, name);
        let (code, err) = end(child);
        assert!(code == Some(130) || code.is_none(), "{code:?} {err}");
        assert!(code.is_none() || err.contains("m.safetensors.checkpoint: going on after "), "{err}");
        std::fs::remove_file(folder.0.join("m.safetensors.checkpoint")).unwrap();
    }
}

/// Whether a process does something of its own at a signal.
#[cfg(target_os = "linux")]
fn catches(child: &Child, signal: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal - 1) & 1 == 1)
}

/// In a step of seconds: the first Ctrl-C waits for its end, the second does not.
#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimization; run with --release")]
fn a_second_signal_ends_at_once() {
    let folder = Folder::new("twice");
    let rows: String = (0..20_000).map(|k| format!("{},{}\n", number(k), number(3 * k + 1))).collect();
    folder.write("data.csv", format!("x,y\n{rows}"));
    let options = "--split 1/0/0 --net dense:400,dense:400,dense:400 --method adam --batch 20000 --work-units 1e9";
    let mut child = start(&folder, &format!("train data.csv {options}"));
    let since = Instant::now();
    while !catches(&child, 2) {
        assert!(since.elapsed() < Duration::from_secs(120), "it does not begin");
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(100));
    signal(&child, "INT");
    sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the first signal did not wait for the end of the step");
    let since = Instant::now();
    signal(&child, "INT");
    let (code, err) = end(child);
    assert_eq!(code, Some(130), "{err}");
    assert!(since.elapsed() < Duration::from_millis(1000), "{:?}", since.elapsed());
    // It had no time to save anything, nor to remove its lock, which blocks nobody.
    assert_eq!(folder.names(), [".model.safetensors.checkpoint.lock", "data.csv"]);
}

#[test]
fn an_interrupted_comparison_shows_what_is_finished() {
    let folder = Folder::new("compare-signal");
    folder.write("data.csv", regression(60));
    // The first method ends by its own convergence, the second never.
    let line = "compare data.csv --net dense:6 --methods gnvpro,sgd --seeds 2 --threads 1 --work-units 1e9 --patience 200 \
                --output out --report r.html --history h.csv";
    let mut child = start(&folder, &line.replace("--patience 200", ""));
    let since = Instant::now();
    sleep(Duration::from_millis(1500));
    signal(&child, "INT");
    while child.try_wait().unwrap().is_none() {
        assert!(since.elapsed() < Duration::from_secs(60), "it does not end");
        sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(130), "{out} {err}");
    assert!(err.lines().last().unwrap().contains("gaussling: interrupted: 2 of 4 runs were finished"), "{err}");
    assert!(out.lines().nth(1).unwrap().starts_with("gnvpro ") && !out.contains("sgd"), "{out}");
    assert!(out.contains("over 2 seeds") && out.contains("report: r.html"), "{out}");
    folder.run("predict out/model.safetensors data.csv").ok();
    assert!(folder.0.join("out/model.rs").is_file() && folder.0.join("out/losses.svg").is_file());
    assert!(folder.text("r.html").contains("gnvpro") && !folder.text("r.html").contains("<td>sgd"));
    let history = folder.text("h.csv");
    let runs: std::collections::BTreeSet<&str> = history.lines().skip(1).map(|line| &line[..8]).collect();
    assert_eq!(runs.into_iter().collect::<Vec<_>>(), ["gnvpro,0", "gnvpro,1"]);
    // Before any is finished.
    let child = start(&folder, "compare data.csv --net dense:6 --methods sgd --work-units 1e9");
    sleep(Duration::from_millis(500));
    signal(&child, "TERM");
    let (code, err) = end(child);
    assert_eq!(code, Some(130), "{err}");
    assert!(err.ends_with("gaussling: interrupted: no run was finished\n"), "{err}");
}

/// Files may grow to some kB only, which is what a full disk does to them.
#[test]
fn a_full_disk_loses_nothing_that_was_there() {
    let folder = Folder::new("full");
    folder.write("data.csv", regression(60));
    folder.run("train data.csv -q --net dense:4 --work-units 20 -o m.safetensors").ok();
    let (model, names) = (folder.read("m.safetensors"), folder.names());
    let limited = |blocks: usize, line: &str| {
        let (output, err) = limited(&folder, blocks, Disk::IsFull, line);
        (output.status.code(), err)
    };
    let train = "train data.csv -q --net dense:40,dense:40 --method adam --work-units 20 -o m.safetensors";
    let (code, err) = limited(8, train);
    assert_eq!(code, Some(OUTPUT), "{err}");
    assert!(err.starts_with("gaussling: m.safetensors: cannot be written: ") && err.lines().count() == 1, "{err}");
    assert!(folder.read("m.safetensors") == model && folder.names() == names);
    // A checkpoint that cannot be written is said once, and the run goes on.
    let (code, err) = limited(8, &format!("{train} --checkpoint-seconds 0"));
    assert_eq!((code, err.lines().count()), (Some(OUTPUT), 2), "{err}");
    assert!(
        err.starts_with("gaussling: m.safetensors.checkpoint: cannot be written: ")
            && err.contains("; the run goes on\n")
    );
    assert!(folder.read("m.safetensors") == model && folder.names() == names, "{:?}", folder.names());
    // A report and a history that cannot: clear, and the report that was there stays.
    folder.run("train data.csv -q --net dense:4 --work-units 300 -o n.safetensors --report r.html").ok();
    let report = folder.read("r.html");
    let (code, err) = limited(30, "train data.csv -q --net dense:4 --work-units 300 -o n.safetensors --report r.html");
    assert!(code == Some(OUTPUT) && err.contains("r.html: cannot be written: "), "{err}");
    assert!(folder.read("r.html") == report);
    // So everything else that is written.
    folder.write("rows.csv", regression(2000));
    let most = "--net dense:4 --methods adam,sgd --seeds 2 --work-units 300";
    for (line, file) in [
        (
            "train data.csv -q --net dense:4 --work-units 3000 --method sgd -o n.safetensors --history h.csv".into(),
            "h.csv",
        ),
        (format!("compare data.csv -q {most} --history c.csv"), "c.csv"),
        ("predict m.safetensors rows.csv --output p.csv".into(), "p.csv"),
        ("export m.safetensors --rust m.rs".into(), "m.rs"),
    ] {
        folder.run(&line).ok();
        let (old, names) = (folder.read(file), folder.names());
        let (code, err) = limited(old.len() / 1024 - 2, &line);
        assert_eq!((code, err.lines().count()), (Some(OUTPUT), 1), "{line}: {err}");
        assert!(err.starts_with(&format!("gaussling: {file}: cannot be written: ")), "{line}: {err}");
        assert!(folder.read(file) == old && folder.names() == names, "{line}: {:?}", folder.names());
    }
}

/// What a folder holds is whole when nothing can be written to it, said before the work. Root may write anywhere, so then the
/// command runs as nobody.
#[test]
fn a_read_only_folder_keeps_what_it_has() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = Folder::new("read-only");
    let command = folder.0.join("gaussling");
    std::fs::copy(env!("CARGO_BIN_EXE_gaussling"), &command).unwrap();
    folder.write("data.csv", regression(60));
    std::fs::create_dir(folder.0.join("closed")).unwrap();
    let options = "--net dense:4 --work-units 20 -q";
    let train =
        format!("train data.csv {options} -o closed/m.safetensors --history closed/h.csv --report closed/r.html");
    let compare = format!("compare data.csv {options} --seeds 1 --methods sgd --output closed --history closed/c.csv");
    folder.run(&train).ok();
    folder.run(&compare).ok();
    folder.run("export closed/m.safetensors --rust closed/m.rs").ok();
    folder.run("predict closed/m.safetensors data.csv --output closed/p.csv").ok();
    let contents = || {
        let entries = std::fs::read_dir(folder.0.join("closed")).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect::<std::collections::BTreeMap<_, _>>()
    };
    let before = contents();
    assert_eq!(before.len(), 10, "{:?}", before.keys());
    // The files themselves may be written by anyone; it is the folder that is closed.
    for path in before.keys() {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
    }
    let allow =
        |mode| std::fs::set_permissions(folder.0.join("closed"), std::fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    let root = std::fs::write(folder.0.join("closed/probe"), "").is_ok();
    let _ = std::fs::remove_file(folder.0.join("closed/probe"));
    for (line, file) in [
        (train.as_str(), "closed/m.safetensors"),
        (&compare, "closed/c.csv"),
        ("export closed/m.safetensors --rust closed/m.rs", "closed/m.rs"),
        ("predict closed/m.safetensors data.csv --output closed/p.csv", "closed/p.csv"),
    ] {
        let mut run = Command::new(&command);
        run.args(line.split_whitespace()).current_dir(&folder.0).stderr(Stdio::piped());
        if root {
            run.uid(65534).gid(65534);
        }
        let (code, err) = end(run.spawn().unwrap());
        assert_eq!((code, err.lines().count()), (Some(OUTPUT), 1), "{line}: {err}");
        assert!(err.starts_with(&format!("gaussling: {file}: cannot be written: ")), "{line}: {err}");
    }
    allow(0o755);
    assert!(contents() == before);
}
