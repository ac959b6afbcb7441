//! Disks of a test's own: one in memory, which is soon full, and one in a file, which can break down.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::run;

/// A disk that is mounted; it ends with the value.
pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    /// One of that size.
    pub(crate) fn in_memory(size: &str) -> Self {
        let disk = Self { folder: TempDir::new().unwrap() };
        fs::create_dir(disk.path()).unwrap();
        let options = format!("size={size}");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(disk.path()));
        disk
    }

    /// One of 8 MB with ext4, which turns read-only when it finds itself damaged.
    pub(crate) fn in_a_file() -> Self {
        let disk = Self { folder: TempDir::new().unwrap() };
        fs::create_dir(disk.path()).unwrap();
        File::create(disk.image()).unwrap().set_len(8 << 20).unwrap();
        run(Command::new("mkfs.ext4").arg("-q").arg(disk.image()));
        disk.mount();
        disk
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mount(&self) {
        run(Command::new("mount").args(["-o", "loop,errors=remount-ro"]).arg(self.image()).arg(self.path()));
    }

    /// Leaves no room.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.path().join("filler")).unwrap();
        while file.write_all(&[0; 512]).is_ok() {}
    }

    /// Takes that back.
    pub(crate) fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }

    /// Has the file system find itself damaged.
    pub(crate) fn break_down(&self) {
        let device = run(Command::new("findmnt").args(["-n", "-o", "SOURCE"]).arg(self.path()));
        let name = Path::new(device.trim()).file_name().unwrap().to_owned();
        fs::write(Path::new("/sys/fs/ext4").join(name).join("trigger_fs_error"), "1").unwrap();
    }

    /// Takes it away, checks it, and mounts it in the same place, as an administrator would.
    pub(crate) fn mount_anew(&self) {
        run(Command::new("umount").arg("--lazy").arg(self.path()));
        // It says by its exit code that there was something to mend.
        Command::new("e2fsck").args(["-p", "-f"]).arg(self.image()).output().unwrap();
        self.mount();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
