//! A private Postfix and Dovecot in a folder of their own, on a port of their own; they end with the value.

use std::fs;
use std::fs::File;
use std::net::TcpListener;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use tempfile::TempDir;

use crate::certificates::Authority;
use crate::certificates::LOOPBACK;
use crate::support::SOON;
use crate::support::wait_until;

/// The password of the user `vigil`.
pub(crate) const PASSWORD: &str = "s3cret-pass";

/// The mail server.
pub(crate) struct Postfix {
    folder: TempDir,
    port: u16,
}

impl Postfix {
    /// Starts both, and waits until they answer.
    pub(crate) fn start() -> Self {
        for needed in ["/usr/sbin/postfix", "/usr/sbin/dovecot"] {
            assert!(Path::new(needed).exists(), "{needed} is not there: apt-get install postfix dovecot-core");
        }
        let folder = TempDir::with_prefix("vigil-postfix-").unwrap();
        let server = Self { folder, port: free_port() };
        server.write();
        server.run("dovecot", &["-c", &server.path("dovecot.conf")]);
        server.run("postfix", &["-c", &server.path("etc"), "start"]);
        let up = wait_until(SOON, || TcpStream::connect(("127.0.0.1", server.port)).is_ok());
        assert!(up, "postfix does not listen:\n{}", server.log());
        server
    }

    /// Where it listens on the loopback address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that signed its own.
    pub(crate) fn ca_file(&self) -> String {
        self.path("ca.pem")
    }

    /// Waits for the message of that number, from 0, in the order of arrival.
    pub(crate) fn mail(&self, number: usize) -> String {
        assert!(wait_until(SOON, || self.mails().len() > number), "no mail {number}:\n{}", self.log());
        self.mails().swap_remove(number)
    }

    /// What is in the maildir, in the order of arrival.
    pub(crate) fn mails(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("mail/ops/new")) else { return Vec::new() };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort_by_key(|file| fs::metadata(file).and_then(|about| about.modified()).unwrap());
        files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
    }

    /// Checks that the mail log says so.
    pub(crate) fn log_has(&self, what: &str) {
        assert!(wait_until(SOON, || self.log().contains(what)), "no `{what}` in:\n{}", self.log());
    }

    fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.path(name)).unwrap_or_default();
        format!("{}{}", read("log/mail.log"), read("log/dovecot.log"))
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, program: &str, args: &[&str]) {
        // Into a file: the servers keep what they were given, so a pipe would have no end.
        let said = self.path("log/start.log");
        let file = File::options().create(true).append(true).open(&said).unwrap();
        let status = Command::new(format!("/usr/sbin/{program}"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .status()
            .unwrap();
        assert!(status.success(), "{program} {args:?}: {}\n{}", fs::read_to_string(said).unwrap(), self.log());
    }

    fn write(&self) {
        for name in ["etc", "spool", "data", "mail", "log", "dovecot"] {
            fs::create_dir_all(self.path(name)).unwrap();
        }
        // The servers' own users must come in.
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        chown("nobody", &self.path("mail"));
        chown("postfix", &self.path("data"));
        let authority = Authority::new();
        let (certificate, key) = authority.server(LOOPBACK).pem();
        fs::write(self.ca_file(), authority.pem()).unwrap();
        fs::write(self.path("server.pem"), format!("{key}{certificate}")).unwrap();
        fs::set_permissions(self.path("server.pem"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(self.path("users"), format!("vigil:{{PLAIN}}{PASSWORD}\n")).unwrap();
        let here = self.folder.path().to_str().unwrap();
        fs::write(self.path("dovecot.conf"), DOVECOT.replace("@HERE@", here)).unwrap();
        fs::write(self.path("etc/main.cf"), MAIN.replace("@HERE@", here)).unwrap();
        fs::write(self.path("etc/master.cf"), MASTER.replace("@PORT@", &self.port.to_string())).unwrap();
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        for (program, args) in [
            ("/usr/sbin/postfix", ["-c", &self.path("etc"), "abort"]),
            ("/usr/sbin/dovecot", ["-c", &self.path("dovecot.conf"), "stop"]),
        ] {
            let _ = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

/// A port that was free a moment ago: Postfix cannot let the system choose one.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn chown(user: &str, path: &str) {
    assert!(Command::new("chown").args([user, path]).status().unwrap().success(), "this test needs root");
}

const MAIN: &str = "
compatibility_level = 3.6
queue_directory = @HERE@/spool
data_directory = @HERE@/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
mydestination =
mynetworks =
alias_maps =
alias_database =
inet_interfaces = loopback-only
inet_protocols = ipv4
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = @HERE@/server.pem
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = @HERE@/dovecot/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
virtual_mailbox_domains = example.org
virtual_mailbox_base = @HERE@/mail
virtual_mailbox_maps = inline:{ { ops@example.org = ops/ } }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
maillog_file = @HERE@/log/mail.log
maillog_file_prefixes = @HERE@
";

const MASTER: &str = "
127.0.0.1:@PORT@ inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

const DOVECOT: &str = "
base_dir = @HERE@/dovecot/run
log_path = @HERE@/log/dovecot.log
protocols =
ssl = no
auth_mechanisms = plain login
disable_plaintext_auth = no
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = scheme=PLAIN @HERE@/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
service auth {
  unix_listener @HERE@/dovecot/auth {
    mode = 0666
  }
}
";
