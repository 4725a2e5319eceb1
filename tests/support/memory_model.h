// A model checker for small lock-free code written over a policy for its atomics (such as
// core/spsc_queue.h): runs every interleaving of a few threads' atomic steps, and at every load
// every value that the C++ memory model lets it see.
//
// The machine is the view machine of weak-memory semantics. Each atomic remembers all its values
// in modification order; each thread has a view, the oldest value of each atomic it may still
// read. A release store attaches the thread's view to the value, an acquire load takes it over; a
// relaxed load takes it over only at the next fence; seq_cst fences pass one global view on.
// Plain cells must be ordered by views alone: an access that is not is a data race, found whatever
// the interleaving. Bounds of the model: a store goes to the end of its modification order, and
// load buffering is left out (a load never sees a store that comes later in the run).
//
// A thread is advanced by running its program from the start with the recorded results of its
// past steps, up to its next atomic step: programs are ordinary functions, states are plain values
// that are compared, and a state seen before is not explored again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ringway::tests {

// What the checker pretends the code had left out, to show that it would be found.
enum class Weakened : std::uint8_t { nothing, releases, acquires, fences };

class Model {
public:
    // A program constructs the objects under test (the same in every thread, in the same order)
    // and plays one thread's part.
    using Program = void (*)(Model&);

    struct Options {
        std::vector<Program> threads;
        // Called with every final state's notes, per thread.
        bool (*is_right)(const std::vector<std::vector<int>>& notes);
        Weakened weakened = Weakened::nothing;
    };
    struct Verdict {
        std::string violation;  // Empty when every run was right.
        std::size_t states = 0;
        std::size_t runs = 0;  // That ended with all threads finished.
    };
    static Verdict check(const Options& options);

    // For programs.
    void note(int value) { notes_.push_back(value); }
    void wake();          // Counts up, as an eventfd.
    void doze();          // Waits until the count is not 0, and clears it.
    void wait_for_all();  // Until all other threads are finished.

    // For the policy.
    static Model& current() { return *current_; }
    std::size_t new_atomic(std::uint32_t initial);
    std::size_t new_cell();
    std::uint32_t load(std::size_t atomic, std::memory_order order);
    void store(std::size_t atomic, std::uint32_t value, std::memory_order order);
    std::uint32_t exchange(std::size_t atomic, std::uint32_t value, std::memory_order order);
    void fence();
    int read_cell(std::size_t cell);
    void write_cell(std::size_t cell, int value);

private:
    using View = std::vector<std::uint32_t>;  // Per place, how far into its history one has seen.
    struct Value {
        std::uint32_t value = 0;
        View view;
    };
    struct Cell {
        int value = 0;
        std::uint32_t writes = 0;
        std::vector<std::uint32_t> reads;  // By thread.
    };
    struct Thread {
        View view;
        View on_acquire;  // Taken over by the next fence.
        View on_release;  // As of the last fence: what relaxed stores carry.
        std::vector<std::uint32_t> results;
        bool is_finished = false;
    };
    struct State {
        std::vector<std::vector<Value>> atomics;
        std::vector<Cell> cells;
        std::vector<Thread> threads;
        View fence_view;
        std::uint32_t wakes = 0;
        View wake_view;
        std::string key() const;
    };
    enum class Step : std::uint8_t { done, blocked };
    struct Pause {};  // Thrown to leave a program before its next step.
    struct Violation {
        std::string what;
    };

    Model(const Options& options, const State& state) : options_(options), state_(state) {}
    static bool explore_from(const Options& options, const State& state, std::vector<State>& todo,
                             Verdict& verdict);
    Step advance(std::size_t thread, std::size_t choice);
    bool is_replaying() const { return position_ < self().results.size(); }
    std::uint32_t next_result() { return self().results[position_++]; }
    void begin_step();
    std::uint32_t end_step(std::uint32_t result);
    std::size_t choose(std::size_t count);
    void append(std::size_t atomic, std::uint32_t value, std::memory_order order, View carried);
    void take_over(const Value& value, std::memory_order order);
    bool is_weakened(Weakened what) const { return options_.weakened == what; }
    Thread& self() { return state_.threads[thread_]; }
    const Thread& self() const { return state_.threads[thread_]; }
    // Places in a view: atomics at even numbers, cells' writes and reads at odd ones.
    std::size_t place_of(std::size_t atomic) const { return atomic * 2; }
    std::size_t write_place(std::size_t cell) const;
    std::size_t read_place(std::size_t cell, std::size_t thread) const;

    static inline Model* current_ = nullptr;
    const Options& options_;
    State state_;

    // While one thread is advanced.
    std::size_t thread_ = 0;
    std::size_t position_ = 0;
    bool has_stepped_ = false;
    std::size_t choice_ = 0;
    std::size_t choices_ = 1;
    std::size_t atomics_made_ = 0;
    std::size_t cells_made_ = 0;
    std::vector<int> notes_;
};

// The policy for the code under test.
struct ModelAtomics {
    template <class T>
    class Atomic {
    public:
        explicit Atomic(T initial) : id_(Model::current().new_atomic(std::uint32_t{initial})) {}
        T load(std::memory_order order) const {
            return static_cast<T>(Model::current().load(id_, order));
        }
        void store(T value, std::memory_order order) {
            Model::current().store(id_, std::uint32_t{value}, order);
        }
        T exchange(T value, std::memory_order order) {
            return static_cast<T>(Model::current().exchange(id_, std::uint32_t{value}, order));
        }

    private:
        std::size_t id_;
    };

    template <class T>
    class Cell {
    public:
        Cell() : id_(Model::current().new_cell()) {}
        Cell& operator=(const T& value) {
            Model::current().write_cell(id_, value);
            return *this;
        }
        operator T() const { return Model::current().read_cell(id_); }

    private:
        std::size_t id_;
    };

    static void fence_seq_cst() { Model::current().fence(); }
};

}  // namespace ringway::tests
