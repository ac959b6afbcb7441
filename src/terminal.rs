//! Lines for whoever started the program. That nobody reads them any more is no reason to end.

use std::fmt::Arguments;
use std::io;
use std::io::Write as _;

/// Says a line on stdout.
macro_rules! say {
    ($($part:tt)*) => { $crate::terminal::say(format_args!($($part)*)) };
}

/// Says a line on stderr.
macro_rules! complain {
    ($($part:tt)*) => { $crate::terminal::complain(format_args!($($part)*)) };
}

pub(crate) fn say(line: Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

pub(crate) fn complain(line: Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}
