# The packages ringway needs, one line each: what for, name, reason. Sourced by tests/run and loadtest/demo.
# "what for" is build (the program and its tests), check (other compilers and tools), load (wrk and the peers),
# slow (loadtest/slow --long alone), kernels (booting old kernels). A missing `kernels` package makes that stage skip;
# any other one is an error.

packages_known() {
    sed -e '/^$/d' <<'END'
build    g++                 the compiler that releases are built with (12)
build    cmake               configures the build
build    ninja-build         runs it
build    pkg-config          finds liburing and wolfSSL
build    ccache              makes the second build a matter of seconds
build    git                 names the commit, which seeds the simulator
build    liburing-dev        io_uring, the engine
build    libwolfssl-dev      TLS
build    libtoml11-dev       reads ringway.toml
build    libfmt-dev          formats text
build    libxxhash-dev       hashes for placement (header only)
build    libcli11-dev        reads command lines
build    libgtest-dev        unit tests
build    libbenchmark-dev    micro-benchmarks in tests/bench
check    clang-19            second compiler, fuzzing
check    libclang-rt-19-dev  sanitizer and fuzzer runtimes for it
check    clang-tidy-19       static analysis
check    clang-format-19     layout of the code
check    python3             the style and contract tests, scenarios
check    curl                a client that others wrote
check    strace              shows that shards take no lock and no memory
check    valgrind            counts the instructions of a request
load     wrk                 drives requests
load     nghttp2-client      h2load, a second opinion on ringway-load
load     nginx               peer to compare with; never started as a service
load     haproxy             peer to compare with; never started as a service
load     python3             loadtest/compare and its figures
slow     slowhttptest        a second opinion on slow clients, for loadtest/slow --long
kernels  qemu-system-x86     boots Debian's own older kernels
kernels  busybox-static      their user space
kernels  cpio                packs it
END
}

# packages_missing PURPOSE...: names of the packages for these purposes that are not installed.
packages_missing() {
    local purpose name _
    while read -r purpose name _; do
        [[ " $* " == *" $purpose "* ]] || continue
        [[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || echo "$name"
    done < <(packages_known) | sort -u
}

# Debian starts a service as soon as its package is installed. policy-rc.d is its own way to say no;
# we lay one down only where there is none, and only while apt runs.
packages_without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [[ -e $policy ]]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
    "$@" || status=$?
    rm -f "$policy"
    return "$status"
}

# packages_install PURPOSE...: installs what is missing and says so. Without root it prints the command and fails.
packages_install() {
    local missing
    mapfile -t missing < <(packages_missing "$@")
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        printf 'ringway needs packages that are not installed. Run:\n\n    sudo apt-get install --no-install-recommends %s\n\n' \
            "${missing[*]}" >&2
        return 1
    fi
    echo "Installing ${#missing[@]} packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || apt-get update -qq
    local output
    output=$(packages_without_services apt-get install -qq -y --no-install-recommends "${missing[@]}" 2>&1) ||
        { echo "$output" >&2 && return 1; }
}
