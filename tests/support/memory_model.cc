#include "tests/support/memory_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

namespace ringway::tests {

namespace {

using View = std::vector<std::uint32_t>;

std::uint32_t& at(View& view, std::size_t place) {
    if (view.size() <= place) view.resize(place + 1);
    return view[place];
}

std::uint32_t seen(const View& view, std::size_t place) {
    return place < view.size() ? view[place] : 0;
}

void join(View& into, const View& from) {
    for (std::size_t place = 0; place < from.size(); place++) {
        std::uint32_t& mine = at(into, place);
        mine = std::max(mine, from[place]);
    }
}

bool has_acquire(std::memory_order order) {
    return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
}

bool has_release(std::memory_order order) {
    return order == std::memory_order_release || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
}

void put(std::string& key, std::uint32_t word) {
    key.append(reinterpret_cast<const char*>(&word), sizeof(word));
}

void put(std::string& key, const std::vector<std::uint32_t>& words) {
    put(key, static_cast<std::uint32_t>(words.size()));
    key.append(reinterpret_cast<const char*>(words.data()), words.size() * sizeof(words[0]));
}

}  // namespace

std::string Model::State::key() const {
    std::string key;
    for (const auto& history : atomics) {
        put(key, static_cast<std::uint32_t>(history.size()));
        for (const Value& value : history) {
            put(key, value.value);
            put(key, value.view);
        }
    }
    for (const Cell& cell : cells) {
        put(key, static_cast<std::uint32_t>(cell.value));
        put(key, cell.writes);
        put(key, cell.reads);
    }
    for (const Thread& thread : threads) {
        for (const View* view : {&thread.view, &thread.on_acquire, &thread.on_release}) {
            put(key, *view);
        }
        put(key, thread.results);
        put(key, thread.is_finished ? 1U : 0U);
    }
    put(key, fence_view);
    put(key, wakes);
    put(key, wake_view);
    return key;
}

Model::Verdict Model::check(const Options& options) {
    Verdict verdict;
    State first;
    first.threads.resize(options.threads.size());
    std::vector<State> todo{first};
    std::unordered_set<std::string> known{first.key()};
    while (!todo.empty() && verdict.violation.empty()) {
        const State state = std::move(todo.back());
        todo.pop_back();
        verdict.states++;
        std::vector<State> next;
        try {
            if (!explore_from(options, state, next, verdict)) {
                verdict.violation = "deadlock: all who are left sleep";
            }
        } catch (const Violation& violation) {
            verdict.violation = violation.what;
        }
        for (State& reached : next) {
            if (known.insert(reached.key()).second) todo.push_back(std::move(reached));
        }
    }
    return verdict;
}

// Every step that any thread can take from `state`. False when there is none and not all are done.
bool Model::explore_from(const Options& options, const State& state, std::vector<State>& todo,
                         Verdict& verdict) {
    bool is_over = true;
    std::vector<std::vector<int>> notes;
    for (std::size_t thread = 0; thread < state.threads.size(); thread++) {
        const bool was_finished = state.threads[thread].is_finished;
        is_over = is_over && was_finished;
        for (std::size_t choice = 0, choices = 1; choice < choices; choice++) {
            Model model{options, state};
            const Step step = model.advance(thread, choice);
            choices = model.choices_;
            if (was_finished) {
                notes.push_back(std::move(model.notes_));  // Replayed for its notes alone.
            } else if (step == Step::done) {
                todo.push_back(std::move(model.state_));
            }
        }
    }
    if (!is_over) return !todo.empty();
    verdict.runs++;
    if (!options.is_right(notes)) throw Violation{fmt::format("wrong result: {}", notes)};
    return true;
}

Model::Step Model::advance(std::size_t thread, std::size_t choice) {
    thread_ = thread;
    choice_ = choice;
    current_ = this;
    try {
        options_.threads[thread](*this);
        self().is_finished = true;
        return Step::done;
    } catch (const Pause&) {
        return has_stepped_ ? Step::done : Step::blocked;
    }
}

// One atomic step per advance; what lies between two of them nobody else can see.
void Model::begin_step() {
    if (has_stepped_) throw Pause{};
    has_stepped_ = true;
}

std::uint32_t Model::end_step(std::uint32_t result) {
    self().results.push_back(result);
    position_++;
    return result;
}

std::size_t Model::choose(std::size_t count) {
    choices_ = count;
    return choice_;
}

std::size_t Model::new_atomic(std::uint32_t initial) {
    if (atomics_made_ == state_.atomics.size()) state_.atomics.push_back({Value{initial, {}}});
    return atomics_made_++;
}

std::size_t Model::new_cell() {
    if (cells_made_ == state_.cells.size()) {
        Cell cell;
        cell.reads.resize(state_.threads.size());
        state_.cells.push_back(cell);
    }
    return cells_made_++;
}

std::size_t Model::write_place(std::size_t cell) const {
    return cell * (state_.threads.size() + 1) * 2 + 1;
}

std::size_t Model::read_place(std::size_t cell, std::size_t thread) const {
    return write_place(cell) + (thread + 1) * 2;
}

void Model::take_over(const Value& value, std::memory_order order) {
    join(self().on_acquire, value.view);
    if (has_acquire(order) && !is_weakened(Weakened::acquires)) join(self().view, value.view);
}

std::uint32_t Model::load(std::size_t atomic, std::memory_order order) {
    if (is_replaying()) return next_result();
    begin_step();
    const std::vector<Value>& history = state_.atomics[atomic];
    const std::size_t oldest = seen(self().view, place_of(atomic));
    const std::size_t index = oldest + choose(history.size() - oldest);
    at(self().view, place_of(atomic)) = static_cast<std::uint32_t>(index);
    take_over(history[index], order);
    return end_step(history[index].value);
}

void Model::append(std::size_t atomic, std::uint32_t value, std::memory_order order, View carried) {
    std::vector<Value>& history = state_.atomics[atomic];
    at(self().view, place_of(atomic)) = static_cast<std::uint32_t>(history.size());
    const bool releases = has_release(order) && !is_weakened(Weakened::releases);
    join(carried, releases ? self().view : self().on_release);
    at(carried, place_of(atomic)) = static_cast<std::uint32_t>(history.size());
    history.push_back({value, std::move(carried)});
}

void Model::store(std::size_t atomic, std::uint32_t value, std::memory_order order) {
    if (is_replaying()) return void(next_result());
    begin_step();
    append(atomic, value, order, {});
    end_step(0);
}

std::uint32_t Model::exchange(std::size_t atomic, std::uint32_t value, std::memory_order order) {
    if (is_replaying()) return next_result();
    begin_step();
    const Value last = state_.atomics[atomic].back();
    take_over(last, order);
    append(atomic, value, order, last.view);
    return end_step(last.value);
}

void Model::fence() {
    if (is_replaying()) return void(next_result());
    begin_step();
    if (!is_weakened(Weakened::fences)) {
        join(self().view, self().on_acquire);
        join(state_.fence_view, self().view);
        self().view = self().on_release = state_.fence_view;
    }
    end_step(0);
}

int Model::read_cell(std::size_t cell) {
    if (is_replaying()) return static_cast<int>(next_result());
    Cell& memory = state_.cells[cell];
    if (memory.writes == 0) throw Violation{"a cell is read before it was ever written"};
    if (seen(self().view, write_place(cell)) != memory.writes) {
        throw Violation{"data race: a read is not ordered after the write"};
    }
    at(self().view, read_place(cell, thread_)) = ++memory.reads[thread_];
    return static_cast<int>(end_step(static_cast<std::uint32_t>(memory.value)));
}

void Model::write_cell(std::size_t cell, int value) {
    if (is_replaying()) return void(next_result());
    Cell& memory = state_.cells[cell];
    bool is_ordered = seen(self().view, write_place(cell)) == memory.writes;
    for (std::size_t thread = 0; thread < memory.reads.size(); thread++) {
        const bool knows = seen(self().view, read_place(cell, thread)) == memory.reads[thread];
        is_ordered = is_ordered && knows;
    }
    if (!is_ordered) throw Violation{"data race: a write is not ordered after all accesses"};
    memory.value = value;
    at(self().view, write_place(cell)) = ++memory.writes;
    end_step(0);
}

void Model::wake() {
    if (is_replaying()) return void(next_result());
    begin_step();
    state_.wakes++;
    join(state_.wake_view, self().view);
    end_step(0);
}

void Model::doze() {
    if (is_replaying()) return void(next_result());
    if (state_.wakes == 0 || has_stepped_) throw Pause{};
    begin_step();
    state_.wakes = 0;
    join(self().view, state_.wake_view);
    end_step(0);
}

void Model::wait_for_all() {
    if (is_replaying()) return void(next_result());
    for (std::size_t other = 0; other < state_.threads.size(); other++) {
        if (other != thread_ && !state_.threads[other].is_finished) throw Pause{};
    }
    begin_step();
    for (const Thread& other : state_.threads) join(self().view, other.view);
    end_step(0);
}

}  // namespace ringway::tests
