//! The end of what a script writes.

use std::io;
use std::io::PipeReader;
use std::io::Read;

/// How much of the output is kept, from its end, and how much of that is said.
const KEPT_BYTES: usize = 4 * 1024;
pub(super) const SAID_CHARS: usize = 200;

/// The end of an output.
#[derive(Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    /// Takes what there is to read, at most as much as a pipe holds; tells whether there was anything.
    pub(super) fn read(&mut self, output: &mut PipeReader) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        for part in 0..4 {
            match output.read(&mut buffer) {
                Ok(0) => return Ok(part > 0),
                Ok(read) => {
                    self.0.extend_from_slice(&buffer[..read]);
                    self.0.drain(..self.0.len().saturating_sub(KEPT_BYTES));
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                    return Ok(part > 0);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Its last line that has words in it.
    pub(super) fn words(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0);
        let plain = |line: &str| line.chars().filter(|one| !one.is_control()).collect::<String>().trim().to_owned();
        let line = text.split(['\n', '\r']).rev().map(plain).find(|line| !line.is_empty())?;
        Some(match line.char_indices().nth(SAID_CHARS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        })
    }
}
