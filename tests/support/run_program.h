// Runs a program of the build directory to its end and keeps what it wrote. For programs that end
// by themselves, such as `ringway check`; both outputs are read until they are closed, so neither
// can fill up and stand still. One at a time, on the test's thread.
#pragma once

#include <string>
#include <vector>

namespace ringway::tests {

struct ProgramEnd {
    int exit_code = -1;  // -1: it was ended by a signal.
    std::string out;
    std::string err;
};

// The program's name, as it stands beside the test's own program, and its arguments.
ProgramEnd run_program(const std::vector<std::string>& command);

// The path of a program beside the test's own.
std::string program_path(const std::string& name);

}  // namespace ringway::tests
