"""The load lab: what loadtest/compare and loadtest/bars are made of. See loadtest/README.md and loadtest/method.md."""
