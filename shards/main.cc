#include "shards/cli/command_line.h"

int main(int argc, char** argv) {
    return ringway::shards::cli::command_line(argc, argv);
}
