# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_vigil_global_optspecs
    string join \n c/config= h/help V/version
end

function __fish_vigil_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_vigil_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_vigil_using_subcommand
    set -l cmd (__fish_vigil_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c vigil -n "__fish_vigil_needs_command" -s c -l config -d 'Configuration file [default: ./config.cfg, then /etc/vigil/vigil.cfg]' -r -F
complete -c vigil -n "__fish_vigil_needs_command" -s h -l help -d 'Print help'
complete -c vigil -n "__fish_vigil_needs_command" -s V -l version -d 'Print version'
complete -c vigil -n "__fish_vigil_needs_command" -f -a "check" -d 'Check the configuration and say what was understood; exit 1 for unknown keys, 2 for errors'
complete -c vigil -n "__fish_vigil_needs_command" -f -a "notify-test" -d 'Send a test notice through every channel; exit 1 if one fails'
complete -c vigil -n "__fish_vigil_needs_command" -f -a "outbox" -d 'List the notices that are owed, each with what its last try failed with'
complete -c vigil -n "__fish_vigil_needs_command" -f -a "health" -d 'Ask the Vigil that runs how it is itself, whatever its services do; exit 1 if it does not answer'
complete -c vigil -n "__fish_vigil_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c vigil -n "__fish_vigil_using_subcommand check" -s c -l config -d 'Configuration file [default: ./config.cfg, then /etc/vigil/vigil.cfg]' -r -F
complete -c vigil -n "__fish_vigil_using_subcommand check" -s h -l help -d 'Print help'
complete -c vigil -n "__fish_vigil_using_subcommand notify-test" -s c -l config -d 'Configuration file [default: ./config.cfg, then /etc/vigil/vigil.cfg]' -r -F
complete -c vigil -n "__fish_vigil_using_subcommand notify-test" -s h -l help -d 'Print help'
complete -c vigil -n "__fish_vigil_using_subcommand outbox" -s c -l config -d 'Configuration file [default: ./config.cfg, then /etc/vigil/vigil.cfg]' -r -F
complete -c vigil -n "__fish_vigil_using_subcommand outbox" -s h -l help -d 'Print help'
complete -c vigil -n "__fish_vigil_using_subcommand health" -l url -d 'Its address, where that is not the `inet` of the configuration' -r -f
complete -c vigil -n "__fish_vigil_using_subcommand health" -s c -l config -d 'Configuration file [default: ./config.cfg, then /etc/vigil/vigil.cfg]' -r -F
complete -c vigil -n "__fish_vigil_using_subcommand health" -s h -l help -d 'Print help'
complete -c vigil -n "__fish_vigil_using_subcommand help; and not __fish_seen_subcommand_from check notify-test outbox health help" -f -a "check" -d 'Check the configuration and say what was understood; exit 1 for unknown keys, 2 for errors'
complete -c vigil -n "__fish_vigil_using_subcommand help; and not __fish_seen_subcommand_from check notify-test outbox health help" -f -a "notify-test" -d 'Send a test notice through every channel; exit 1 if one fails'
complete -c vigil -n "__fish_vigil_using_subcommand help; and not __fish_seen_subcommand_from check notify-test outbox health help" -f -a "outbox" -d 'List the notices that are owed, each with what its last try failed with'
complete -c vigil -n "__fish_vigil_using_subcommand help; and not __fish_seen_subcommand_from check notify-test outbox health help" -f -a "health" -d 'Ask the Vigil that runs how it is itself, whatever its services do; exit 1 if it does not answer'
complete -c vigil -n "__fish_vigil_using_subcommand help; and not __fish_seen_subcommand_from check notify-test outbox health help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
