# Debian's kernels, out of their packages without installing them. Sourced by tests/kernels/run.

# The newest package of a series ("6.1") that apt knows. The signed and the unsigned one hold the same kernel.
newest_package() {
    apt-cache search --names-only "^linux-image-${1/./\\.}\.[0-9].*-cloud-amd64(-unsigned)?\$" 2>/dev/null |
        cut -d ' ' -f 1 | sort -V | tail -n 1
}

cached_image() { ls -v build/kernels/boot/vmlinuz-"$1".* 2>/dev/null | tail -n 1; }

# fetch_package NAME: its boot/ lands in build/kernels/boot.
fetch_package() {
    rm -rf build/kernels/fetch && mkdir build/kernels/fetch
    (cd build/kernels/fetch && apt-get download -o APT::Sandbox::User=root "$1") &&
        dpkg-deb --fsys-tarfile build/kernels/fetch/*.deb | tar -x -C build/kernels ./boot &&
        rm -r build/kernels/fetch
}

# kernel_image SERIES: prints the path of its vmlinuz, fetching it where apt knows a newer one than we have.
# Without apt, or without a network, the one we have does.
kernel_image() {
    local package release
    package=$(newest_package "$1")
    if [[ -z $package ]] && ((EUID == 0)); then
        apt-get update -qq >build/kernels/fetch.log 2>&1 || true
        package=$(newest_package "$1")
    fi
    release=${package#linux-image-} && release=${release%-unsigned}
    if [[ -z $package ]]; then
        echo "apt knows no linux-image-$1.*-cloud-amd64 (is bookworm-updates or -security among its sources?)" >build/kernels/fetch.log
    elif [[ ! -f build/kernels/boot/vmlinuz-$release ]]; then
        fetch_package "$package" >build/kernels/fetch.log 2>&1 || echo "apt-get download $package failed" >>build/kernels/fetch.log
    fi
    cached_image "$1" | grep .
}
