//! What disturbs a run: another one in the same folder, its folder gone or closed, names taken by folders, times of files.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use gaussling::model::Model;
use gaussling::train::Checkpoint;

use super::faults::files;
use super::interruptions::{end, signal, start, wait_for};
use super::{Folder, OUTPUT, regression};

const CHECKPOINT: &str = "m.safetensors.checkpoint";

/// A run with a checkpoint now and then, which would take hours, but outlives no test for long.
const LONG: &str =
    "train data.csv -q --net dense:6 --method adam --work-units 1e9 --seconds 60 --checkpoint-seconds 0.02 --resume";

fn short(seed: u64, more: &str) -> String {
    format!("train data.csv -q --net dense:6 --method adam --work-units 100 --seed {seed} -o m.safetensors {more}")
}

fn data(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("data.csv", regression(60));
    folder
}

/// Waits until a run has done more than what a checkpoint holds.
fn wait_for_more(file: &Path, than: &Checkpoint) {
    let since = Instant::now();
    while Checkpoint::load(file).unwrap().work_units() <= than.work_units() {
        assert!(since.elapsed() < Duration::from_secs(50), "the run does not go on");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Kills a process and waits for its end.
fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_second_run_with_the_same_checkpoint_is_refused_until_the_first_is_dead() {
    let folder = data("two-runs");
    let line = format!("{LONG} -o m.safetensors");
    let first = start(&folder, &line);
    wait_for(&folder, CHECKPOINT);
    std::os::unix::fs::symlink("m.safetensors.checkpoint", folder.0.join("link")).unwrap();
    for second in [&line, &line.replace("--resume", ""), &short(3, ""), &short(3, "-o n.safetensors --checkpoint link")]
    {
        let second = second.replace("-o m.safetensors -o", "-o");
        let ran = folder.run(&second);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (Some(OUTPUT), "", 1), "{second}: {ran:?}");
        assert!(
            ran.err.contains(": cannot be written: another run is at work with it; wait for its end, or"),
            "{ran:?}"
        );
    }
    // It says what to do, and that works.
    folder.run(&short(3, "--checkpoint other")).ok();
    let other = folder.read("m.safetensors");
    folder.run(&short(3, "-o n.safetensors").replace("-o m.safetensors -o", "-o")).ok();
    assert!(folder.read("n.safetensors") == other);
    // The first one notices nothing; its lock ends with it, although the file stays.
    kill(first);
    assert!(folder.names().contains(&format!(".{CHECKPOINT}.lock")), "{:?}", folder.names());
    let kept = Checkpoint::load(&folder.0.join(CHECKPOINT)).unwrap();
    let next = start(&folder, &line);
    wait_for_more(&folder.0.join(CHECKPOINT), &kept);
    signal(&next, "INT");
    let (code, err) = end(next);
    assert!(code == Some(130) && err.contains("goes on from there"), "{code:?} {err}");
    let names = ["data.csv", "link", "m.safetensors", CHECKPOINT, "m.svg", "n.safetensors", "n.svg"];
    assert_eq!(folder.names(), names);
}

/// Eight at the same moment, again and again: those that are let in give what they give alone, and no file is a mixture.
#[test]
fn of_runs_started_at_once_each_file_is_whole() {
    let folder = data("at-once");
    let alone: Vec<Vec<u8>> = (0..4)
        .map(|seed| {
            folder.run(&short(seed, "--batch 36")).ok();
            folder.read("m.safetensors")
        })
        .collect();
    let (mut done, mut refused) = (0, 0);
    for round in 0..10 {
        // With one checkpoint for all, and with one for each, where all write the same results at once.
        let shared = round % 2 == 0;
        let children: Vec<Child> = (0..8_u64)
            .map(|at| {
                let checkpoint = if shared { "c".to_string() } else { format!("c{at}") };
                let more = format!(
                    "--batch 36 --checkpoint-seconds 0 --checkpoint {checkpoint} --history h.csv --report r.html"
                );
                start(&folder, &short(at % 4, &more))
            })
            .collect();
        for child in children {
            let (code, err) = end(child);
            match code {
                Some(0) => done += 1,
                Some(OUTPUT) if shared && err.contains("c: cannot be written: another run is at work with it") => {
                    refused += 1;
                }
                _ => panic!("{code:?} {err}"),
            }
        }
        assert!(alone.contains(&folder.read("m.safetensors")), "round {round}: a mixture");
        let [history, report, plot] = ["h.csv", "r.html", "m.svg"].map(|name| folder.text(name));
        assert!(history.starts_with("work_units,") && history.lines().all(|line| line.split(',').count() == 5));
        assert!(
            report.starts_with("<!DOCTYPE") && report.ends_with("</html>\n") && report.matches("</html>").count() == 1
        );
        assert!(plot.starts_with("<svg") && plot.trim_end().ends_with("</svg>") && plot.matches("</svg>").count() == 1);
        assert_eq!(folder.names(), ["data.csv", "h.csv", "m.safetensors", "m.svg", "r.html"]);
    }
    println!("{done} runs done, {refused} refused");
    assert!(done >= 5 + 5 * 8, "{done}");
}

/// Starts a long run in the folder `work`, whose checkpoint is there.
fn at_work(name: &str) -> (Folder, Child) {
    let folder = data(name);
    std::fs::create_dir(folder.0.join("work")).unwrap();
    let child = start(&folder, &format!("{LONG} -o work/m.safetensors"));
    wait_for(&folder, "work/m.safetensors.checkpoint");
    (folder, child)
}

/// Waits until a run says something, and asks it to end: exit code and lines.
fn end_after_a_note(mut child: Child) -> (Option<i32>, Vec<String>) {
    use std::io::{BufRead, BufReader};
    let mut lines = Vec::new();
    let mut err = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.push(err.next().unwrap().unwrap());
    signal(&child, "TERM");
    lines.extend(err.map(Result::unwrap));
    (child.wait().unwrap().code(), lines)
}

/// Root may do anything with permissions, but not write into what is no folder.
#[test]
fn a_run_whose_folder_is_lost_goes_on_says_so_and_can_be_taken_up_again() {
    let from = |folder: &Folder, name: &str| folder.0.join(name);
    for (name, file_instead) in [("folder-moved", false), ("folder-is-a-file", true)] {
        let (folder, child) = at_work(name);
        std::fs::rename(from(&folder, "work"), from(&folder, "moved")).unwrap();
        if file_instead {
            folder.write("work", "no folder");
        }
        let (code, lines) = end_after_a_note(child);
        assert_eq!((code, lines.len()), (Some(OUTPUT), 2), "{lines:?}");
        let note = "gaussling: work/m.safetensors.checkpoint: cannot be written: ";
        assert!(lines[0].starts_with(note) && lines[0].ends_with("; the run goes on"), "{lines:?}");
        assert!(lines[1].starts_with("gaussling: work/m.safetensors: cannot be written: "), "{lines:?}");
        // Back again, it goes on from what was kept.
        let checkpoint = Checkpoint::load(&from(&folder, "moved/m.safetensors.checkpoint")).unwrap();
        if file_instead {
            assert_eq!(folder.text("work"), "no folder");
            std::fs::remove_file(from(&folder, "work")).unwrap();
        }
        std::fs::rename(from(&folder, "moved"), from(&folder, "work")).unwrap();
        let child = start(&folder, &format!("{LONG} -o work/m.safetensors"));
        wait_for_more(&from(&folder, "work/m.safetensors.checkpoint"), &checkpoint);
        signal(&child, "TERM");
        assert_eq!(end(child).0, Some(130));
        Model::load(&from(&folder, "work/m.safetensors")).unwrap();
    }
}

#[test]
fn a_name_that_becomes_a_folder_stays_one_and_the_rest_is_kept() {
    let (folder, child) = at_work("name-taken");
    std::fs::create_dir(folder.0.join("work/m.safetensors")).unwrap();
    signal(&child, "TERM");
    let (code, err) = end(child);
    assert_eq!((code, err.lines().count()), (Some(OUTPUT), 1), "{err}");
    assert!(err.starts_with("gaussling: work/m.safetensors: cannot be written: "), "{err}");
    let inside = Folder(folder.0.join("work"));
    assert_eq!(inside.names(), ["m.safetensors", CHECKPOINT]);
    let kept = Checkpoint::load(&inside.0.join(CHECKPOINT)).unwrap();

    // So the checkpoint's own name.
    std::fs::remove_dir(folder.0.join("work/m.safetensors")).unwrap();
    let child = start(&folder, &format!("{LONG} -o work/m.safetensors"));
    wait_for_more(&inside.0.join(CHECKPOINT), &kept);
    while std::fs::create_dir(inside.0.join(CHECKPOINT)).is_err() {
        let _ = std::fs::remove_file(inside.0.join(CHECKPOINT));
    }
    let (code, lines) = end_after_a_note(child);
    assert_eq!((code, lines.len()), (Some(130), 2), "{lines:?}");
    assert!(lines[0].contains("m.safetensors.checkpoint: cannot be written: "), "{lines:?}");
    assert!(lines[1].ends_with("could not be written, so nothing goes on from here"), "{lines:?}");
    Model::load(&inside.0.join("m.safetensors")).unwrap();
}

/// Root may write anywhere, so then the command runs as nobody.
#[test]
fn a_folder_closed_in_mid_run_keeps_what_it_has() {
    let folder = data("closed-in-mid-run");
    let command = folder.0.join("gaussling");
    std::fs::copy(env!("CARGO_BIN_EXE_gaussling"), &command).unwrap();
    let work = Folder(folder.0.join("work"));
    std::fs::create_dir(&work.0).unwrap();
    let allow = |mode| std::fs::set_permissions(&work.0, std::fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    let root = std::fs::write(work.0.join("probe"), "").is_ok();
    let _ = std::fs::remove_file(work.0.join("probe"));
    allow(0o777);
    let run = || {
        let mut run = Command::new(&command);
        run.args(format!("{LONG} -o work/m.safetensors").split_whitespace()).current_dir(&folder.0);
        if root {
            run.uid(65534).gid(65534);
        }
        run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let child = run();
    wait_for(&folder, "work/m.safetensors.checkpoint");
    allow(0o555);
    let (code, lines) = end_after_a_note(child);
    assert_eq!((code, lines.len()), (Some(OUTPUT), 2), "{lines:?}");
    assert!(lines[0].contains("m.safetensors.checkpoint: cannot be written: Permission denied"), "{lines:?}");
    assert!(lines[1].starts_with("gaussling: work/m.safetensors: cannot be written: Permission denied"), "{lines:?}");
    let kept = Checkpoint::load(&work.0.join(CHECKPOINT)).unwrap();
    // Open again, whatever could not be removed is no obstacle.
    allow(0o777);
    let child = run();
    wait_for_more(&work.0.join(CHECKPOINT), &kept);
    signal(&child, "TERM");
    assert_eq!(end(child).0, Some(130));
    assert_eq!(work.names(), ["m.safetensors", CHECKPOINT, "m.svg"]);
}

/// Files of 1970, of the year 2200, and all of one moment.
#[test]
fn times_of_files_do_not_matter() {
    let folder = data("times");
    folder.run(&short(0, "")).ok();
    let whole = folder.read("m.safetensors");
    for seconds in [0, 7_258_118_400] {
        std::fs::remove_file(folder.0.join("m.safetensors")).unwrap();
        let mut child = start(&folder, &short(0, "--checkpoint-seconds 0"));
        while !folder.0.join(CHECKPOINT).exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        kill(child);
        folder.write(".m.safetensors.checkpoint.tmp", "half");
        for name in files(&folder).keys() {
            let file = std::fs::File::options().append(true).open(folder.0.join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        }
        folder.run(&short(0, "--resume")).ok();
        assert!(folder.read("m.safetensors") == whole, "{seconds}");
        assert_eq!(folder.names(), ["data.csv", "m.safetensors", "m.svg"]);
    }
}

/// A clock that jumps is the wall's: no source asks for its time or for that of a file, so nothing can depend on it. What is
/// measured is measured by `Instant`, which never goes backwards.
#[test]
fn no_source_reads_the_time_of_day() {
    fn sources(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, visit);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                visit(&path, &std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut count = 0;
    for folder in [concat!(env!("CARGO_MANIFEST_DIR"), "/src"), concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src")] {
        sources(folder.as_ref(), &mut |path, text| {
            count += 1;
            for word in
                ["SystemTime", "UNIX_EPOCH", ".modified()", ".accessed()", ".created()", "set_times", "clock_gettime"]
            {
                assert!(!text.contains(word), "{}: {word}", path.display());
            }
        });
    }
    assert!(count > 100, "{count}");
}
