# What every file in tests/stages/ is written with. tests/run executes a stage with the repository root as its
# working directory and these variables set:
#   STAGE_TALLY   file that collects "passed N", "failed N", "skipped N" lines
#   STAGE_NOTES   file that collects one line per skip or failure, repeated in the summary
#   RINGWAY_LONG  1 for the long run
# A stage passes when it ends with 0 and has counted something; a stage that counted nothing has checked nothing.
set -euo pipefail

jobs=$(nproc)

# tally passed|failed|skipped NUMBER
tally() {
    if (($2 > 0)); then echo "$1 $2" >>"$STAGE_TALLY"; fi
}

note() {
    echo "$*" >>"$STAGE_NOTES"
    echo "$*"
}

# skip_stage REASON: ends the stage, loudly.
skip_stage() {
    tally skipped 1
    note "skipped: $*"
    exit 0
}

# expect NAME COMMAND...: one test that is one command.
expect() {
    local name=$1
    shift
    if "$@"; then
        tally passed 1
    else
        tally failed 1
        note "failed: $name"
        return 1
    fi
}

# run_unittest FILE: a Python test program; unittest ends with "Ran 18 tests in ..." and "FAILED (failures=2, skipped=1)".
run_unittest() {
    local output status=0 ran bad skipped
    output=$(python3 "$1" 2>&1) || status=$?
    echo "$output"
    ran=$(sed -n 's/^Ran \([0-9]*\) test.*/\1/p' <<<"$output")
    skipped=$(sed -n '/^\(OK\|FAILED\) (/s/.*skipped=\([0-9]*\).*/\1/p' <<<"$output")
    bad=$(sed -n '/^FAILED (/{s/skipped=[0-9]*//;s/[^0-9]\+/ /g;p}' <<<"$output" | awk '{ for (i = 1; i <= NF; i++) n += $i } END { print n + 0 }')
    tally passed $((ran - bad - ${skipped:-0}))
    tally failed "$bad"
    tally skipped "${skipped:-0}"
    if ((${skipped:-0} > 0)); then note "skipped: $skipped of $1: $(grep '^SKIPPED' <<<"$output" | head -n 1)"; fi
    ((status == 0)) || note "failed: $1"
    return "$status"
}

# run_counted NAME COMMAND...: a command whose last line is "N passed, N failed".
run_counted() {
    local name=$1 output status=0 passed failed
    shift
    output=$("$@" 2>&1) || status=$?
    echo "$output"
    read -r passed failed < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' <<<"$output" | tail -n 1)
    tally passed "${passed:-0}"
    tally failed "${failed:-1}"
    grep '^FAILED' <<<"$output" | while read -r line; do note "$name: $line"; done || true
    return "$status"
}

# build DIRECTORY TARGET... -- CMAKE_ARGUMENT...: configures once, then builds only these targets.
build() {
    local directory=$1 targets=()
    shift
    while (($#)) && [[ $1 != -- ]]; do
        targets+=("$1")
        shift
    done
    shift || true
    cmake -S . -B "$directory" -G Ninja "$@" >"$directory.configure.log" 2>&1 ||
        { cat "$directory.configure.log"; note "failed: cmake configuration of $directory"; return 1; }
    rm -f "$directory.configure.log"
    cmake --build "$directory" --parallel "$jobs" --target "${targets[@]}" -- -k 0 ||
        { note "failed: build of $directory"; return 1; }
}

# run_gtests DIRECTORY PROGRAM...: runs them all, even after a failure, and counts their tests. A program's tests
# keep one core busy, so they are dealt out over as many processes as there are cores.
run_gtests() {
    local directory=$1 outputs program part failures=0
    shift
    outputs=$(mktemp -d)
    for program in "$@"; do
        for ((part = 0; part < jobs; part++)); do
            while (($(jobs -pr | wc -l) >= jobs)); do wait -n || true; done
            run_gtest_part "$directory/$program" "$part" "$outputs/$program.$part" &
        done
    done
    wait
    for program in "$@"; do
        for ((part = 0; part < jobs; part++)); do
            count_gtest_part "$directory/$program" "$outputs/$program.$part" || failures=1
        done
    done
    rm -r "$outputs"
    return "$failures"
}

# run_gtest_part PROGRAM PART OUTPUT: leaves its exit status beside its output.
run_gtest_part() {
    local status=0
    GTEST_TOTAL_SHARDS=$jobs GTEST_SHARD_INDEX=$2 "$1" --gtest_brief=0 >"$3" 2>&1 || status=$?
    echo "$status" >"$3.status"
}

# count_gtest_part PROGRAM OUTPUT: shows what it said, and fails when it failed.
count_gtest_part() {
    local program=$1 output=$2 status
    status=$(cat "$output.status")
    cat "$output"
    tally passed "$(gtest_count PASSED "$output")"
    tally skipped "$(gtest_count SKIPPED "$output")"
    gtest_names SKIPPED "$output" | while read -r test; do note "skipped: $(basename "$program") $test"; done
    [[ $status == 0 ]] && return
    if [[ -n $(gtest_names FAILED "$output") ]]; then
        tally failed "$(gtest_names FAILED "$output" | wc -l)"
        gtest_names FAILED "$output" | while read -r test; do note "failed: $program --gtest_filter=$test"; done
    else
        tally failed 1
        note "failed: $program ended with status $status, after $(grep -o '\[ RUN .*' "$output" | tail -n 1)"
    fi
    return 1
}

# gtest's own summary: "[  PASSED  ] 12 tests."
gtest_count() {
    awk -v kind="$1" '$1 == "[" && $2 == kind && $4 ~ /^[0-9]+$/ && $5 ~ /^tests?[.,]?$/ { n = $4 } END { print n + 0 }' "$2"
}

# ... and the list below it: "[  FAILED  ] Suite.Test, where GetParam() = ..."
gtest_names() {
    awk -v kind="$1" '$1 == "[" && $2 == kind && $4 ~ /\./ { sub(/,$/, "", $4); print $4 }' "$2" | sort -u
}

# The gtest programs that tests/CMakeLists.txt made in DIRECTORY, minus those named after it.
gtest_programs() {
    local directory=$1 program
    shift
    while read -r program; do
        [[ " $* " == *" $program "* ]] || echo "$program"
    done <"$directory/gtest_programs"
}
