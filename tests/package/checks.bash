# What is tried on the machine: functions that fail where the package does. To be sourced by tests/package/run, which says
# what each of them is for.
# shellcheck shell=bash disable=SC2154 # `arch`, `version`, `scratch` and `here` are those of tests/package/run

page() { inside curl --fail --silent --show-error 'http://[::1]:8080/'; }
text() { inside curl --fail --silent --show-error 'http://[::1]:8080/status/text'; }
active() { inside systemctl is-active --quiet vigil; }
property() { inside systemctl show --property="$1" --value vigil; }
journal() { inside journalctl --no-pager --quiet --output=cat -u vigil; }
# Mode, owner and name of files there, which may be patterns.
files() { inside sh -c "stat --format='%a %U:%G %n' $*"; }
# Puts lines into a drop-in of the unit: drop_in NAME LINE...
drop_in() {
  inside mkdir -p /etc/systemd/system/vigil.service.d
  printf '%s\n' '[Service]' "${@:2}" | inside tee "/etc/systemd/system/vigil.service.d/$1.conf" >/dev/null
  inside systemctl daemon-reload
}
no_drop_in() {
  inside rm -f "/etc/systemd/system/vigil.service.d/$1.conf"
  inside systemctl daemon-reload
}
# Changes the configuration: edit SED_SCRIPT...
edit() {
  local script arguments=()
  for script in "$@"; do arguments+=(-e "$script"); done
  inside sed -i "${arguments[@]}" /etc/vigil/vigil.cfg
}
# The blocks of commands below a heading of README.md, as they stand there, for this architecture.
readme() {
  awk -v heading="### $1" '
    /^#/ && !inside { below = ($0 == heading) }
    /^```/ { inside = below && /^```sh/; next }
    inside' "$here/../../README.md" | sed "s/amd64/$arch/g"
}

# -- The package

installs() {
  # Its editor is somebody who changes one thing.
  # shellcheck disable=SC2016 # for the shell there
  printf '#!/bin/sh\nsed -i "s/^page_title = .*/page_title = \\"The literal reader\\"/" "$1"\n' |
    inside tee /usr/local/bin/editor >/dev/null
  inside chmod 755 /usr/local/bin/editor
  readme 'Debian and Ubuntu' >"$scratch/commands"
  grep -q apt "$scratch/commands"
  inside sh -exc "cd /in; $(cat "$scratch/commands")"
  active
  soon page
  page | grep 'The literal reader'
  inside cp -p /etc/vigil/vigil.cfg /srv/installed.cfg
}

# Ubuntu 22.04 has glibc 2.35.
depends_on_little() {
  # shellcheck disable=SC2016 # for dpkg-query
  inside dpkg-query --show --showformat='${Depends}\n' vigil >"$scratch/depends"
  cat "$scratch/depends"
  grep -xE 'ca-certificates, systemd [|] systemd-standalone-sysusers [|] systemd-sysusers, libc6 \(>= 2\.3[0-5]\), libgcc-s1 \(>= [0-9.]+\)' "$scratch/depends"
}

is_enabled_and_says_how_it_is() {
  inside systemctl is-enabled vigil
  active
  soon eval 'property StatusText | grep -E "^2 services, [0-9]+ replicas, dead$"'
  [[ $(text) == dead ]]
  journal | grep 'serving the status page on http://\[::1\]:8080/'
  refute inside systemctl is-enabled vigil.socket
  refute inside systemctl is-active vigil.socket
}

is_its_own_user_with_two_capabilities() {
  local pid
  pid=$(property MainPID)
  files "/proc/$pid" | grep ' vigil:vigil '
  # CAP_NET_BIND_SERVICE is bit 10, CAP_NET_RAW bit 13.
  [[ $(inside sed -n 's/^Cap\(Prm\|Eff\|Bnd\|Amb\):\t//p' "/proc/$pid/status" | sort -u) == 0000000000002400 ]]
  inside sed -n '/^NoNewPrivs/p' "/proc/$pid/status" | grep 1
  inside getent passwd vigil | grep ':/var/lib/vigil:/usr/sbin/nologin$'
}

files_are_closed() {
  local listed
  listed=$(files /etc/vigil /etc/vigil/* /etc/default/vigil /var/lib/vigil)
  diff - <<<"$listed" <(
    echo '750 root:vigil /etc/vigil'
    echo '640 root:vigil /etc/vigil/reporter_token'
    echo '640 root:vigil /etc/vigil/vigil.cfg'
    echo '640 root:root /etc/default/vigil'
    echo '750 vigil:vigil /var/lib/vigil'
  )
  refute inside setpriv --reuid=nobody --regid=nogroup --clear-groups cat /etc/vigil/reporter_token
  inside setpriv --reuid=vigil --regid=vigil --clear-groups cat /etc/vigil/vigil.cfg
  refute inside setpriv --reuid=vigil --regid=vigil --clear-groups touch /etc/vigil/vigil.cfg
}

has_a_token_of_its_own() {
  inside grep -xE '[0-9a-f]{64}' /etc/vigil/reporter_token
  inside vigil check -c /etc/vigil/vigil.cfg
  # What the configuration says to try.
  inside sed -n '/^#     curl/,/^# and it is healthy/s/^#     //p' /etc/vigil/vigil.cfg >"$scratch/report"
  inside sh -exc "$(sed 's/curl /curl --fail-with-body /' "$scratch/report")"
  page | grep '1 replica, just now\|An application that reports'
  refute inside curl --fail --silent -u :wrong 'http://[::1]:8080/reporter/demo/application/' -d '{}'
}

has_its_manuals_and_completions() {
  inside dpkg --listfiles vigil >"$scratch/files"
  local file
  for file in man/man1/vigil.1.gz man/man5/vigil.cfg.5.gz bash-completion/completions/vigil zsh/vendor-completions/_vigil \
    fish/vendor_completions.d/vigil.fish doc/vigil/copyright doc/vigil/changelog.gz; do
    grep -xF "/usr/share/$file" "$scratch/files"
  done
  inside vigil --version | grep -F "$version"
}

unit_is_sound() {
  [[ -z $(inside systemd-analyze verify --man=no /lib/systemd/system/vigil.service /lib/systemd/system/vigil.socket 2>&1) ]]
  inside systemd-analyze security --no-pager --threshold=15 vigil
}

health_is_asked() {
  inside vigil health -c /etc/vigil/vigil.cfg
}

# In the sandbox of the unit: pings, and scripts, which are free and bound as docs/CONFIGURATION.md says.
# User-mode emulation applies no filter of system calls, to no service at all.
filters_work() {
  refute inside systemd-run --quiet --wait --collect --property=RestrictAddressFamilies=AF_UNIX ip link
}

# pings_and_runs_scripts [unfiltered]: without what the filters forbid.
pings_and_runs_scripts() {
  cat >"$scratch/nodes" <<'TOML'
[[probe.service]]
id = "sandbox"
label = "What can be done in the sandbox"
[[probe.service.node]]
id = "ping"
label = "Pings"
mode = "poll"
replicas = ["icmp://127.0.0.1", "icmp://[::1]"]
[[probe.service.node]]
id = "script"
label = "Scripts"
mode = "script"
scripts = [
  "curl --fail --silent 'http://[::1]:8080/status/text'",
  "echo state >/var/lib/vigil/of-a-script && (cd /tmp && echo passing >of-a-script) && rm /var/lib/vigil/of-a-script",
  "grep -q '^Uid:.*\\b0\\b' /proc/self/status && exit 2; exit 0",
  "! touch /etc/vigil/of-a-script && ! ls /home",
  "! ip link && ! cat /proc/meminfo && ! [ -e /proc/1 ] && ! [ -e /dev/kmsg ]",
]
[[probe.service.node]]
id = "hang"
label = "A script that hangs"
mode = "script"
scripts = ["sleep 4711 & echo hanging; sleep 4711"]
script_interval = 3600
script_timeout = 1
TOML
  if [[ ${1-} == unfiltered ]]; then sed -i 's/! ip link && //' "$scratch/nodes"; fi
  inside tee -a /etc/vigil/vigil.cfg <"$scratch/nodes" >/dev/null
  inside systemctl reload vigil
  soon eval 'journal | grep "node sandbox:ping is healthy"'
  soon eval 'journal | grep "node sandbox:hang is dead: killed after 1 s: hanging"'
  local script
  for script in 0 1 2 3 4; do soon eval "journal | grep 'replica sandbox:script:$script is healthy'"; done
  refute inside sh -c 'grep -sq "[4]711" /proc/[0-9]*/cmdline'
  refute inside sh -c 'cd /tmp && ls of-a-script'
  inside cp -p /srv/installed.cfg /etc/vigil/vigil.cfg
  inside systemctl reload vigil
}

listens_on_a_port_of_the_privileged() {
  edit 's/^inet = .*/inet = "[::]:80"/'
  inside systemctl reload vigil
  soon inside curl --fail --silent 'http://127.0.0.1/'
  edit 's/^inet = .*/inet = "[::1]:8080"/'
  inside systemctl reload vigil
  soon page
}

wrong_configuration_fails_the_start_and_says_why() {
  edit 's/^poll_interval = 10/poll_interval = 0/'
  refute inside systemctl restart vigil
  [[ $(property ActiveState) == failed ]]
  [[ $(property ExecMainStatus) == 2 ]]
  journal | grep -E 'vigil.cfg:[0-9]+: \[metrics\] poll_interval: .0. is too small'
  # It is not tried again and again.
  sleep 3
  [[ $(property ActiveState) == failed ]]
  edit 's/^poll_interval = 0/poll_interval = 10/'
  inside systemctl start vigil
  soon page
}

comes_back_when_it_is_killed() {
  local pid
  for _ in 1 2 3; do
    pid=$(property MainPID)
    inside systemctl kill --kill-who=main --signal=KILL vigil
    soon eval 'active && page'
    [[ $(property MainPID) != "$pid" ]]
  done
}

keeps_history_in_its_folder() {
  files /var/lib/vigil/vigil.db | grep '^600 vigil:vigil '
  inside runuser -u vigil -- vigil outbox -c /etc/vigil/vigil.cfg | grep 'nothing is owed'
  # The one that the sample watches in vain was not found out anew after the last start.
  inside curl --fail --silent 'http://[::1]:8080/history' | grep 'ongoing'
  refute eval 'journal | grep "history cannot be written"'
}

# One loop is held as a debugger holds it, while all the others go on.
comes_back_when_a_loop_is_wedged() {
  drop_in watchdog 'WatchdogSec=4'
  inside systemctl restart vigil
  soon page
  local pid here thread holder
  pid=$(property MainPID)
  here=$(process_here "$pid")
  thread=$(grep -lx vigil-poll "/proc/$here"/task/*/comm | head -n 1)
  thread=$(basename "$(dirname "$thread")")
  strace -qq -o /dev/null -p "$thread" -e trace=futex -e inject=futex:delay_enter=600000000 &
  holder=$!
  soon eval "inside journalctl --no-pager --quiet -u vigil | grep 'Watchdog timeout'"
  journal | grep 'the polling loop made no step for'
  # A debugger would hold it against any signal.
  kill -KILL "$holder"
  soon eval "[[ \$(property MainPID) != $pid ]] && active && page"
  no_drop_in watchdog
  inside systemctl restart vigil
  soon page
}

refuses_to_follow_a_wrong_configuration() {
  local pid
  pid=$(property MainPID)
  edit 's/^page_title = .*/page_title = 7/'
  refute inside systemctl reload vigil
  active
  soon eval 'property StatusText | grep "reload refused: .*page_title"'
  journal | grep 'reload refused: .*vigil.cfg:[0-9]*: \[branding\] page_title'
  page | grep 'The literal reader'
  edit 's/^page_title = .*/page_title = "Another title"/'
  inside systemctl reload vigil
  soon eval 'page | grep "Another title"'
  property StatusText | refute grep refused
  # What is wrong may not be in the file.
  edit 's/^inet = .*/inet = "192.0.2.7:8080"/'
  refute inside systemctl reload vigil
  journal | grep 'reload refused: cannot listen on 192.0.2.7:8080'
  edit 's/^inet = .*/inet = "[::1]:8080"/'
  inside systemctl reload vigil
  [[ $(property MainPID) == "$pid" ]]
}

# A key that nobody knows is warned about, and no reason to fail.
follows_a_configuration_with_a_warning() {
  edit 's/^page_title = .*/&\npage_titel = "misspelled"/'
  inside systemctl reload vigil
  soon eval 'journal | grep "did you mean .page_title"'
  edit '/^page_titel/d'
  inside systemctl reload vigil
}

reloads_under_load_and_nobody_notices() {
  local round load token=$scratch/token
  inside cat /etc/vigil/reporter_token >"$token"
  nsenter --target "$init" --net -- node "$here/load.mjs" 'http://[::1]:8080' "$token" 10000 >"$scratch/load" 2>&1 &
  load=$!
  soon test -s "$scratch/load"
  for round in $(seq 20); do
    case $((round % 4)) in
      0) edit 's/^label = "An application.*/label = 7/' ;;
      1) edit "s/^label = .\?7.\?\$/label = \"An application that reports\"/" "s/^page_title = .*/page_title = \"Round $round\"/" ;;
      2) edit 's/^# workers = .*/workers = 3/' ;;
      3) edit 's/^workers = .*/# workers = 4/' ;;
    esac
    if ((round % 4)); then inside systemctl reload vigil; else refute inside systemctl reload vigil; fi
  done
  kill -TERM "$load"
  wait "$load" || { cat "$scratch/load"; return 1; }
  tail -n 1 "$scratch/load"
  edit 's/^label = 7$/label = "An application that reports"/'
  inside systemctl reload vigil
  [[ $(property NRestarts) == 0 ]]
}

# User-mode emulation lets systemd set up credentials for no service at all.
credentials_work() {
  inside sh -c 'umask 077; echo secret >/srv/token; systemd-run --quiet --wait --collect --property=LoadCredential=token:/srv/token true'
}

reads_secrets_that_only_root_reads() {
  inside sh -c 'umask 077; echo from-a-credential >/srv/token'
  inside mv /etc/vigil/reporter_token /srv/reporter_token
  drop_in secret 'LoadCredential=reporter_token:/srv/token'
  inside systemctl restart vigil
  soon page
  local report=(curl --fail --silent -H 'Content-Type: application/json'
    -d '{"replica":"me","interval":30,"load":{"cpu":0.1,"ram":0.1}}' 'http://[::1]:8080/reporter/demo/application/')
  inside "${report[@]}" -u :from-a-credential
  refute inside "${report[@]}" -u ":$(inside cat /srv/reporter_token)"
  inside systemctl reload vigil
  inside "${report[@]}" -u :from-a-credential
  no_drop_in secret
  inside mv /srv/reporter_token /etc/vigil/reporter_token
  inside systemctl restart vigil
  soon page
  inside "${report[@]}" -u ":$(inside cat /etc/vigil/reporter_token)"
}

reads_the_environment_of_the_service() {
  echo 'VIGIL_TITLE="From the environment"' | inside tee -a /etc/default/vigil >/dev/null
  # shellcheck disable=SC2016 # for the configuration
  edit 's/^page_title = .*/page_title = "${VIGIL_TITLE}"/'
  inside systemctl restart vigil
  soon eval 'page | grep "From the environment"'
  inside systemctl reload vigil
  # What is set now, the service does not have before it restarts.
  echo 'VIGIL_LATER="Later"' | inside tee -a /etc/default/vigil >/dev/null
  # shellcheck disable=SC2016 # for the configuration
  edit 's/^page_title = .*/page_title = "${VIGIL_LATER}"/'
  refute inside systemctl reload vigil
  inside systemctl restart vigil
  soon eval 'page | grep "Later"'
  edit 's/^page_title = .*/page_title = "Mine"/'
  inside systemctl reload vigil
}

# The port stays open while the service is not there.
restarts_on_a_socket_and_nobody_is_turned_away() {
  inside systemctl stop vigil
  inside systemctl enable --now vigil.socket
  refute active
  page | grep '</html>'
  active
  # shellcheck disable=SC2016 # for the shell there
  inside sh -c 'i=0; while [ $i -lt 40 ]; do curl --fail --silent --max-time 20 "http://[::1]:8080/status/text" >/dev/null || exit 1; i=$((i + 1)); done' &
  local asking=$!
  inside systemctl restart vigil
  inside systemctl restart vigil
  wait "$asking"
  inside systemctl disable --now vigil.socket
  inside systemctl restart vigil
  soon page
}

# An upgrade does not touch the socket; a removal takes it away.
keeps_the_socket_through_an_upgrade() {
  inside systemctl stop vigil
  inside systemctl enable --now vigil.socket
  inside systemctl start vigil
  # shellcheck disable=SC2016 # for the shell there
  inside sh -c 'i=0; while [ $i -lt 60 ]; do curl --fail --silent --max-time 60 "http://[::1]:8080/status/text" >/dev/null || exit 1; sleep 0.05; i=$((i + 1)); done' &
  local asking=$!
  inside dpkg -i /in/package.deb
  wait "$asking"
  inside systemctl is-active vigil.socket
  page | grep '</html>'
  inside dpkg --remove vigil
  refute inside systemctl is-active vigil.socket
  refute page
  inside dpkg -i /in/package.deb
  inside systemctl disable --now vigil.socket
  soon page
}

# Somebody keeps a connection open, somebody else half of a request, and a channel takes what it is told and never answers.
stops_in_time() {
  local start ended
  # shellcheck disable=SC2016 # for Perl
  inside perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 6); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
    bind(S, pack_sockaddr_in(9999, INADDR_LOOPBACK)) or die; listen(S, 9); while (1) { accept(my $one, S); push @kept, $one }' &
  local silent=$!
  # shellcheck disable=SC2016
  inside perl -MSocket -e 'for my $said ("", "GET / HTTP/1.1\r\nHost: x\r\n", "GET /status/text HTTP/1.1\r\nHost: x\r\n\r\n") {
    socket(my $one, PF_INET6, SOCK_STREAM, 6); connect($one, pack_sockaddr_in6(8080, Socket::IN6ADDR_LOOPBACK)) or die;
    syswrite($one, $said); push @kept, $one } sleep 60' &
  local slow=$!
  printf '[notify.slack]\nhook_url = "http://127.0.0.1:9999/"\n' | inside tee -a /etc/vigil/vigil.cfg >/dev/null
  inside systemctl restart vigil
  soon page
  sleep 4
  start=$(date +%s%N)
  inside systemctl stop vigil
  ended=$((($(date +%s%N) - start) / 1000000))
  echo "stopped after $ended ms"
  kill "$silent" "$slow" || true
  edit '/^\[notify.slack\]$/d' '/^hook_url = "http:..127/d'
  [[ $(property Result) == success ]]
  ((ended < 5000))
  inside systemctl start vigil
  soon page
}

upgrade_keeps_what_is_the_administrators() {
  local pid
  inside cp -a /etc/vigil /srv/before
  inside touch /var/lib/vigil/state
  inside chmod 0600 /etc/vigil/reporter_token
  inside chown vigil:root /etc/vigil/reporter_token
  pid=$(property MainPID)
  # The other package brings another sample, as the next one may.
  inside dpkg --force-confdef --force-confold -i "/in/$1"
  soon page
  [[ $(property MainPID) != "$pid" ]]
  inside diff -r --exclude='*.dpkg-dist' /srv/before /etc/vigil
  inside test -e /etc/vigil/vigil.cfg.dpkg-dist
  files /etc/vigil/reporter_token | grep '^600 vigil:root '
  inside chmod 0640 /etc/vigil/reporter_token
  inside chown root:vigil /etc/vigil/reporter_token
  files_are_the_same
  page | grep 'Mine'
  inside rm -r /srv/before /etc/vigil/vigil.cfg.dpkg-dist
}
files_are_the_same() {
  files /etc/vigil/vigil.cfg | grep '^640 root:vigil '
  files /etc/vigil/reporter_token | grep '^640 root:vigil '
  files /var/lib/vigil/state
}
downgrade_is_safe() { upgrade_keeps_what_is_the_administrators previous.deb; }
upgrade_is_safe() { upgrade_keeps_what_is_the_administrators package.deb; }

remove_keeps_configuration_and_state() {
  inside dpkg --remove vigil
  files_are_the_same
  refute page
  refute inside test -e /usr/bin/vigil
  local token
  token=$(inside cat /etc/vigil/reporter_token)
  inside dpkg -i /in/package.deb
  soon page
  [[ $(inside cat /etc/vigil/reporter_token) == "$token" ]]
  page | grep 'Mine'
  inside dpkg --remove vigil
}

purge_leaves_nothing() {
  # The state may have a disk of its own.
  inside mount -t tmpfs tmpfs /var/lib/vigil
  inside touch /var/lib/vigil/more
  inside dpkg --purge vigil
  refute inside test -e /var/lib/vigil/more
  inside umount /var/lib/vigil
  # What was there before that disk.
  inside rm -rf /var/lib/vigil
  # Accounts stay, as is the custom of Debian: their numbers must not become somebody else's.
  inside rm -rf /srv/installed.cfg /etc/systemd/system/vigil.service.d
  inside find / -xdev '(' -path /proc -o -path /sys -o -path /in -o -path /var/log -o -path /var/lib/dpkg/info ')' -prune \
    -o -iname '*vigil*' -print >"$scratch/left"
  cat "$scratch/left"
  [[ ! -s $scratch/left ]]
  refute inside dpkg --status vigil
}

fresh_configuration_is_upgraded_without_a_question() {
  inside dpkg -i /in/previous.deb
  soon page
  local token
  token=$(inside cat /etc/vigil/reporter_token)
  inside dpkg -i /in/package.deb
  soon page
  [[ $(inside cat /etc/vigil/reporter_token) == "$token" ]]
  refute inside grep 'from the previous package' /etc/vigil/vigil.cfg
  inside dpkg --purge vigil
}

# -- The archive

archive_installs() {
  readme 'Any other Linux' >"$scratch/commands"
  grep -q tar "$scratch/commands"
  inside sh -exc "cp /in/*.tar.gz /srv; cd /srv; $(cat "$scratch/commands")"
  soon page
  [[ $(inside readlink "/proc/$(property MainPID)/exe") == /usr/local/bin/vigil ]] || [[ $arch == arm64 ]]
  inside vigil --version | grep -F "$version"
  inside systemctl reload vigil
  [[ $(property User) == vigil ]]
}

no_unit_failed() {
  inside systemctl list-units --failed --plain --no-legend | cut -d' ' -f1 | sort >"$scratch/failed"
  diff "$scratch/failed-before" "$scratch/failed"
}
