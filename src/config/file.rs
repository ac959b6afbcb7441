//! Files into memory, with a limit and with words for what can go wrong.

use std::fs::File;
use std::io::ErrorKind;
use std::io::Read as _;
use std::path::Path;

/// More than any configuration or certificate file has, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The content of a file, which may also be a pipe.
///
/// # Errors
/// What is wrong with it, as it reads after its name.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(|error| {
        match error.kind() {
            ErrorKind::NotFound => "does not exist".to_owned(),
            ErrorKind::PermissionDenied => "may not be read by the user that Vigil runs as".to_owned(),
            ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
            other => format!("cannot be read: {other}"),
        }
    })?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST) {
        Ok(bytes)
    } else {
        Err("is larger than 1 MiB".to_owned())
    }
}
