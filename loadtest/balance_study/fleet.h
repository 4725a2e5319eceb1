// The study's simulation: backends that serve so many requests at once and queue the rest in order,
// shards that pick, and snapshots between them, on an event queue of its own. Deterministic: a cell
// and a seed say everything. It owns nothing beyond a run, and is as single-threaded as can be.
#pragma once

#include <string_view>

#include "loadtest/balance_study/cell.h"

namespace ringway::loadtest {

// All seeds of the cell under one policy.
Outcome run_cell(const Cell& cell, std::string_view policy);

}  // namespace ringway::loadtest
