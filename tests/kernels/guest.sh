# The guest: what is in it, and how it is booted. Sourced by tests/kernels/run.
# A part (parts/NN_NAME) is a POSIX shell script that runs with the programs in its working directory. It prints what
# gtest prints, or the words of parts/words.sh, and has a line "# runs: host guest" that says where it runs.

guest_programs=(kernel_facts deny core_tests shards_tests ringway)

# A guest that has not finished by then hangs. Emulation on two busy cores is some twenty times slower than the host.
guest_seconds=${RINGWAY_GUEST_SECONDS:-240}

# parts_for host|guest
parts_for() { grep -l "^# runs:.*\b$1\b" tests/kernels/parts/[0-9][0-9]_* || true; }

# run_parts_here: the parts that make sense on the kernel we have, in the words of guest_init.
run_parts_here() {
    local part name status
    for part in $(parts_for host); do
        name=${part##*/} part=$PWD/$part status=0
        echo "part begins: $name"
        (cd build && timeout "$guest_seconds" sh "$part") </dev/null || status=$?
        echo "part ends: $name $status"
    done
    echo "all parts are done"
}

# copy_program FILE DIRECTORY ROOT: without debug information, with the shared libraries it needs.
copy_program() {
    strip --strip-debug -o "$2/$(basename "$1")" "$1"
    { ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true; } | while read -r library; do
        cp -L --parents "$library" "$3"
    done
}

make_initramfs() {
    local root=build/kernels/root program
    rm -rf "$root"
    mkdir -p "$root"/{bin,dev,proc,sys,tmp,tests}
    cp "$(type -P busybox)" "$root/bin/busybox"
    install -m 755 tests/kernels/guest_init "$root/init"
    for program in "${guest_programs[@]}"; do
        copy_program "build/$program" "$root/tests" "$root"
    done
    mkdir "$root/tests/parts"
    # shellcheck disable=SC2046
    cp tests/kernels/parts/words.sh $(parts_for guest) "$root/tests/parts/"
    (cd "$root" && find . | cpio --quiet --create --format=newc) >build/kernels/guest.cpio
}

# No watchdog: on a busy host an emulated CPU stands still for longer than it believes possible.
# boot_guest IMAGE STEM: results go to STEM.log, the kernel's own messages to STEM.console.log. What goes wrong
# outside a part is added to the results as one more that failed.
boot_guest() {
    local image=$1 log=$2.log console=$2.console.log status=0
    make_initramfs
    : >"$console" && : >"$log"
    timeout "$guest_seconds" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 1024 \
        -nodefaults -display none -no-reboot -kernel "$image" -initrd build/kernels/guest.cpio \
        -append "console=ttyS0 panic=-1 oops=panic rdinit=/init loglevel=6 nowatchdog" \
        -serial "file:$console" -serial "file:$log" </dev/null >>"$console" 2>&1 || status=$?
    if ((status == 124)); then
        echo "not ok - guest: it was not done after $guest_seconds s" >>"$log"
    elif ((status != 0)); then
        echo "not ok - guest: qemu ended with status $status: $(tail -n 1 "$console")" >>"$log"
    fi
    grep -aE 'Kernel panic|BUG: |Oops: |WARNING: |blocked for more than' "$console" |
        sed 's/^/not ok - kernel: /' >>"$log" || true
}
