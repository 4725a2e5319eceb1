# What parts say. Sourced by them, by the shell of the host or by busybox's.

ok() { echo "ok - $1"; }
not_ok() { echo "not ok - $1: $2"; }
skip() { echo "skip - $1: $2"; }
# What cannot be on this kernel is not a skip; nothing is counted.
not_here() { echo "not here - $1: $2"; }

# same NAME EXPECTED ACTUAL
same() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', got '$3'"; fi
}

# has NAME WORDS TEXT: passes when TEXT has WORDS.
has() {
    case $3 in
        *"$2"*) ok "$1" ;;
        *) not_ok "$1" "no '$2' in '$3'" ;;
    esac
}

# until_true COMMAND...: asks up to 100 times, ten times a second.
until_true() {
    tries=0
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || return 1
        sleep 0.1
    done
}

# write_config FILE LISTEN BACKEND: the shortest configuration there is.
write_config() {
    cat >"$1" <<END
[[listen]]
address = "$2"

[[group]]
name = "web"
backends = ["$3"]
END
}
