//! Files that are replaced, by one writer or by several.

use std::sync::atomic::AtomicBool;
use std::thread;

use super::*;

/// A folder of its own, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gaussling-storage-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_is_replaced_and_nothing_is_left_beside_it() {
    let folder = Folder::new("plain");
    let file = folder.0.join("a.csv");
    for text in ["first", "a longer second one", ""] {
        replace(&file, text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
    // A folder is in the way only when the new file is already written.
    fs::create_dir(folder.0.join("b")).unwrap();
    assert!(replace(&folder.0.join("b"), b"x").is_err());
    assert!(replace(&folder.0.join("none/c"), b"x").is_err());
    assert!(replace(Path::new(".."), b"x").is_err());
    assert_eq!(folder.names(), ["a.csv", "b"]);
}

/// An open file shows whether bytes were written into the old file or another took its place.
#[cfg(unix)]
#[test]
fn who_reads_the_old_file_reads_it_to_its_end() {
    use std::io::Read;
    let folder = Folder::new("open");
    let file = folder.0.join("a");
    fs::write(&file, "old").unwrap();
    let mut open = File::open(&file).unwrap();
    replace(&file, b"new").unwrap();
    let mut read = String::new();
    open.read_to_string(&mut read).unwrap();
    assert_eq!((read.as_str(), fs::read_to_string(&file).unwrap().as_str()), ("old", "new"));
}

#[cfg(unix)]
#[test]
fn links_stay_permissions_stay_and_pipes_are_written_to() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let folder = Folder::new("links");
    let [file, link, lost] = ["file", "link", "lost"].map(|name| folder.0.join(name));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("file", &link).unwrap();
    replace(&link, b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    symlink("nowhere", &lost).unwrap();
    replace(&lost, b"new").unwrap();
    assert_eq!(fs::read(&lost).unwrap(), b"new");
    // A device: without the case for it, root would make a file of it.
    assert!(is_special(Path::new("/dev/null")) && !is_special(&file) && !is_special(&folder.0));
    let device = folder.0.join("null");
    symlink("/dev/null", &device).unwrap();
    replace(&device, b"x").unwrap();
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(folder.names(), ["file", "link", "lost", "null"]);
}

/// What a reader sees was written by one writer, from its first byte to its last.
#[test]
fn of_many_writers_at_once_each_reader_sees_one() {
    let folder = Folder::new("writers");
    let file = folder.0.join("a");
    let contents =
        |writer: usize, round: usize| vec![b'a' + writer as u8; 1 + (7919 * writer + 104_729 * round) % 30_000];
    replace(&file, &contents(0, 0)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let file = &file;
                scope.spawn(move || (0..100).for_each(|round| replace(file, &contents(writer, round)).unwrap()))
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let bytes = fs::read(&file).unwrap();
                let writer = usize::from(bytes[0] - b'a');
                let lengths = (0..100).map(|round| contents(writer, round).len());
                assert!(bytes.iter().all(|&byte| byte == bytes[0]) && lengths.into_iter().any(|n| n == bytes.len()));
            }
        });
        let results: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        results.into_iter().for_each(|result| result.unwrap());
    });
    assert_eq!(folder.names(), ["a"]);
}

/// What lies where the temporary file is to be: of a killed process, or not ours.
#[cfg(unix)]
#[test]
fn what_lies_in_the_way_is_overwritten_or_left_alone() {
    let folder = Folder::new("in-the-way");
    let [file, temporary, other] = ["a", ".a.tmp", "other"].map(|name| folder.0.join(name));
    fs::write(&temporary, [7; 5000]).unwrap();
    replace(&file, b"new").unwrap();
    assert_eq!((fs::read(&file).unwrap().as_slice(), folder.names()), (&b"new"[..], vec!["a".to_string()]));
    fs::write(&other, "other").unwrap();
    std::os::unix::fs::symlink("other", &temporary).unwrap();
    replace(&file, b"newer").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"newer");
    assert!(!file.symlink_metadata().unwrap().is_symlink() && fs::read(&other).unwrap() == b"other");
    // One that leads nowhere would make a file there.
    fs::remove_file(&temporary).unwrap();
    std::os::unix::fs::symlink("nowhere", &temporary).unwrap();
    replace(&file, b"newer").unwrap();
    fs::remove_file(&temporary).unwrap();
    assert_eq!(folder.names(), ["a", "other"]);
    fs::create_dir(&temporary).unwrap();
    replace(&file, b"newest").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"newest");
    assert_eq!(folder.names(), [".a.tmp", "a", "other"]);
}

/// Also when the file of the lock is removed and made again all the time.
#[cfg(unix)]
#[test]
fn a_lock_is_held_by_one_at_a_time() {
    use std::fs::TryLockError;
    let folder = Folder::new("lock");
    let file = folder.0.join("a");
    let (holders, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while taken.load(Ordering::SeqCst) < 3000 {
                    match Lock::of(&file) {
                        Ok(lock) => {
                            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
                            thread::yield_now();
                            holders.fetch_sub(1, Ordering::SeqCst);
                            taken.fetch_add(1, Ordering::SeqCst);
                            drop(lock);
                        }
                        Err(TryLockError::WouldBlock) => thread::yield_now(),
                        Err(TryLockError::Error(e)) => panic!("{e}"),
                    }
                }
            });
        }
    });
    assert!(folder.names().is_empty(), "{:?}", folder.names());
    // A link is the file that it leads to; one file's lock is not another's.
    fs::write(&file, "").unwrap();
    std::os::unix::fs::symlink("a", folder.0.join("link")).unwrap();
    let lock = Lock::of(&file).unwrap();
    assert!(matches!(Lock::of(&folder.0.join("link")), Err(TryLockError::WouldBlock)));
    drop((lock, Lock::of(&folder.0.join("b")).unwrap()));
    drop(Lock::of(&folder.0.join("link")).unwrap());
    // What is in the way of the lock is no lock.
    fs::create_dir(folder.0.join(".a.lock")).unwrap();
    assert!(matches!(Lock::of(&file), Err(TryLockError::Error(_))));
    assert!(matches!(Lock::of(&folder.0.join("none/a")), Err(TryLockError::Error(_))));
    assert!(matches!(Lock::of(Path::new("..")), Err(TryLockError::Error(_))));
}
