# Reads what parts have printed (guest.sh says in which words). Sourced by tests/kernels/run.

# count_results LOG: "PASSED FAILED SKIPPED". A part that ends badly without a failed test is one failure; so are a
# part that never ended, a log without the last line, and a log in which nothing passed.
count_results() {
    tr -d '\r' <"$1" | awk '
        /^part begins: / { begun = 1; before = failed }
        /^part ends: /   { begun = 0; if ($4 != 0 && failed == before) failed++ }
        /^all parts are done$/ { done = 1 }
        /^\[  PASSED  \] [0-9]+ test/  { passed += $4 }
        /^\[  FAILED  \] [0-9]+ test/  { failed += $4 }
        /^\[  SKIPPED \] [0-9]+ test/  { skipped += $4 }
        /^ok - /     { passed++ }
        /^not ok - / { failed++ }
        /^skip - /   { skipped++ }
        END { print passed + 0, failed + (begun || !done) + (passed == 0), skipped + 0 }'
}

# list_failures LOG: one line for each, and for what was skipped.
list_failures() {
    tr -d '\r' <"$1" | awk '
        /^part begins: / { part = $3; begun = 1 }
        /^part ends: /   { begun = 0; if ($4 != 0) print "part " part " ended with status " $4 }
        /^all parts are done$/ { done = 1 }
        /^\[  FAILED  \] [A-Za-z]/ && !seen[$4]++ { print "failed: " $4 }
        /^\[  SKIPPED \] [A-Za-z]/ && !seen[$4]++ { print "skipped: " $4 }
        /^not ok - |^skip - / { print }
        /^ok - |^\[  PASSED  \]/ { passed = 1 }
        END { if (!passed) print "nothing passed"
              if (begun) print "part " part " never ended"; else if (!done) print "the parts did not come to their end" }'
}
