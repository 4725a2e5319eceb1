// The command line as a whole: verbs, options, help and exit codes. Parsing fills a verb's options
// struct and calls the verb; what a verb does is in its own file. The library for command lines is
// included in command_line.cc alone, for it is slow to compile, and its exceptions end there.
// Runs on the main thread, before any shard exists.
#pragma once

namespace ringway::shards::cli {

// The whole program: returns the exit status.
int command_line(int argc, char** argv);

}  // namespace ringway::shards::cli
