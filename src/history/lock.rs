//! One Vigil a file: a lock on it for as long as a connection is open.
//!
//! SQLite locks by fcntl(2), and such locks of a process end when *any* descriptor of the file is closed in it. So the
//! descriptor with our lock (flock(2)) is opened before the first connection and closed after the last; and a file that
//! this process has open already is not opened once more, only to be refused and closed.

use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;

/// A file by its device and inode.
type Inode = (u64, u64);

/// The files that this process has locked.
static LOCKED: Mutex<BTreeSet<Inode>> = Mutex::new(BTreeSet::new());

/// A locked file. The lock ends with it.
#[derive(Debug)]
pub(super) struct Lock {
    /// The file; only to be read from.
    pub(super) file: File,
    inode: Inode,
}

impl Lock {
    /// Locks the file, which is made with that mode if it does not exist; none when somebody else has locked it.
    ///
    /// # Errors
    /// When it cannot be opened or locked.
    pub(super) fn take(path: &Path, mode: u32) -> io::Result<Option<Self>> {
        let mut locked = LOCKED.lock().unwrap_or_else(PoisonError::into_inner);
        if fs::metadata(path).is_ok_and(|about| locked.contains(&inode(&about))) {
            return Ok(None);
        }
        let file = File::options().read(true).write(true).create(true).truncate(false).mode(mode).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let inode = inode(&file.metadata()?);
        locked.insert(inode);
        Ok(Some(Self { file, inode }))
    }

    /// Whether the file at `path` is still this one.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn is_at(&self, path: &Path) -> io::Result<bool> {
        Ok(inode(&fs::metadata(path)?) == self.inode)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        LOCKED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.inode);
    }
}

fn inode(about: &fs::Metadata) -> Inode {
    (about.dev(), about.ino())
}
