#include "core/timer_wheel.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>

namespace ringway::core {

namespace {

bool is_lone(const TimerLink& list) {
    return list.next == &list;
}

void reset(TimerLink& list) {
    list.previous = list.next = &list;
}

std::uint64_t nanoseconds_of(Instant instant) {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, instant.time_since_epoch().count()));
}

constexpr auto tick_ns = static_cast<std::uint64_t>(TimerWheel::tick_length.count());

Instant instant_of(std::uint64_t tick) {
    return Instant{Duration{static_cast<std::int64_t>(tick * tick_ns)}};
}

}  // namespace

Instant Timer::deadline() const {
    CHECK(is_armed());
    return instant_of(tick());
}

TimerWheel::TimerWheel(Instant now) : now_tick_(nanoseconds_of(now) / tick_ns) {
    for (Level& level : levels_) {
        for (TimerLink& slot : level) reset(slot);
    }
    reset(due_);
}

void TimerWheel::arm(Timer& timer, Instant deadline) {
    const std::uint64_t rounded_up = (nanoseconds_of(deadline) + tick_ns - 1) / tick_ns;
    const std::uint64_t tick = std::min(std::max(rounded_up, now_tick_ + 1), tick_max);
    const std::uint64_t order = armings_++ % (std::uint64_t{1} << Timer::order_bits);
    const bool was_armed = timer.is_armed();
    const bool stays = was_armed && tick >= timer.tick();
    if (was_armed && !stays) unlink(timer);
    timer.key_ = (tick << Timer::order_bits) | order;
    if (!stays) link(timer);
    if (!was_armed) size_++;
}

void TimerWheel::disarm(Timer& timer) {
    if (!timer.is_armed()) return;
    unlink(timer);
    size_--;
}

void TimerWheel::advance(Instant now) {
    CHECK(!is_advancing_);
    const std::uint64_t target = nanoseconds_of(now) / tick_ns;
    CHECK(target >= now_tick_);
    is_advancing_ = true;
    while (has_events()) {
        const Event event = next_event();
        if (event.tick > target) break;
        run(event);
    }
    now_tick_ = target;
    is_advancing_ = false;
}

Instant TimerWheel::next_deadline() const {
    if (!has_events()) return Instant::max();
    return instant_of(next_event().tick);
}

bool TimerWheel::has_events() const {
    std::uint64_t used = 0;
    for (const std::uint64_t bits : used_) used |= bits;
    return used != 0;
}

TimerWheel::Event TimerWheel::next_event() const {
    unsigned level = 0;
    while (used_[level] == 0) level++;
    const auto slot = static_cast<unsigned>(std::countr_zero(used_[level]));
    return {level, slot, first_tick(level, slot)};
}

std::uint64_t TimerWheel::first_tick(unsigned level, unsigned slot) const {
    const unsigned above = (level + 1) * digit_bits;
    return (now_tick_ >> above << above) | (std::uint64_t{slot} << (level * digit_bits));
}

void TimerWheel::append(TimerLink& list, TimerLink& link) {
    link.previous = list.previous;
    link.next = &list;
    list.previous->next = &link;
    list.previous = &link;
}

void TimerWheel::link(Timer& timer) {
    DCHECK(timer.tick() > now_tick_);
    // The level is that of the highest digit in which the deadline differs from now.
    const auto highest = static_cast<unsigned>(std::bit_width(timer.tick() ^ now_tick_)) - 1;
    const unsigned level = highest / digit_bits;
    const unsigned slot = digit(timer.tick(), level);
    append(levels_[level][slot], timer);
    used_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::unlink(Timer& timer) {
    TimerLink* const neighbour = timer.next;
    timer.previous->next = timer.next;
    timer.next->previous = timer.previous;
    timer.previous = timer.next = nullptr;
    if (!is_lone(*neighbour) || neighbour == &due_) return;
    // Only a head is left. Which slot it heads its address tells; a timer need not know.
    for (unsigned level = 0; level < level_count; level++) {
        const Level& slots = levels_[level];
        if (neighbour < slots.data() || neighbour >= slots.data() + slot_count) continue;
        used_[level] &= ~(std::uint64_t{1} << (neighbour - slots.data()));
    }
}

// Runs one slot. All timers of its first tick stand in it, since every slot of a finer level lies
// before it: the others are moved, out of a coarse slot into finer ones or because they were
// pushed on since they were linked.
void TimerWheel::run(Event event) {
    now_tick_ = event.tick;
    TimerLink& slot = levels_[event.level][event.slot];
    TimerLink* link_here = slot.next;
    reset(slot);
    used_[event.level] &= ~(std::uint64_t{1} << event.slot);
    while (link_here != &slot) {
        auto& timer = static_cast<Timer&>(*link_here);
        link_here = link_here->next;
        if (timer.tick() == now_tick_) {
            append(due_, timer);
        } else {
            link(timer);
        }
    }
    fire_due();
}

void TimerWheel::fire_due() {
    if (!is_in_order(due_)) sort(due_);
    while (!is_lone(due_)) {
        auto& timer = static_cast<Timer&>(*due_.next);
        unlink(timer);
        if (timer.tick() > now_tick_) {  // A handler that ran before pushed it on.
            link(timer);
            continue;
        }
        size_--;
        timer.expired_(timer);  // May destroy the timer.
    }
}

bool TimerWheel::is_before(const TimerLink& a, const TimerLink& b) {
    constexpr std::uint64_t half = std::uint64_t{1} << (Timer::order_bits - 1);
    const std::uint64_t ahead =
        static_cast<const Timer&>(b).key_ - static_cast<const Timer&>(a).key_;
    return ahead % (2 * half) < half;  // The order counter wraps around.
}

bool TimerWheel::is_in_order(const TimerLink& list) {
    for (const TimerLink* link = list.next; link != &list && link->next != &list;
         link = link->next) {
        if (!is_before(*link, *link->next)) return false;
    }
    return true;
}

// Merges two chains that are linked by `next` alone and end with nullptr.
TimerLink* TimerWheel::merge(TimerLink* a, TimerLink* b) {
    TimerLink head;
    TimerLink* last = &head;
    while (a != nullptr && b != nullptr) {
        TimerLink*& first = is_before(*a, *b) ? a : b;
        last->next = first;
        last = first;
        first = first->next;
    }
    last->next = a != nullptr ? a : b;
    return head.next;
}

// Merge sort from the bottom up: chains[i] holds 2^i timers in order or none.
void TimerWheel::sort(TimerLink& list) {
    std::array<TimerLink*, 32> chains{};
    list.previous->next = nullptr;
    TimerLink* rest = list.next;
    while (rest != nullptr) {
        TimerLink* chain = rest;
        rest = rest->next;
        chain->next = nullptr;
        std::size_t i = 0;
        for (; chains[i] != nullptr; i++) {
            chain = merge(chains[i], chain);
            chains[i] = nullptr;
        }
        chains[i] = chain;
    }
    TimerLink* sorted = nullptr;
    for (TimerLink* chain : chains) sorted = merge(chain, sorted);
    reset(list);
    while (sorted != nullptr) {
        TimerLink& link = *sorted;
        sorted = sorted->next;
        append(list, link);
    }
}

std::size_t TimerWheel::validate_slot(unsigned level, unsigned slot) const {
    const TimerLink& list = levels_[level][slot];
    CHECK(is_lone(list) == ((used_[level] >> slot & 1) == 0));
    std::size_t found = 0;
    for (const TimerLink* link = list.next; link != &list; link = link->next) {
        CHECK(link->next->previous == link && link->previous->next == link);
        CHECK(static_cast<const Timer*>(link)->tick() >= first_tick(level, slot));
        found++;
    }
    CHECK(found == 0 || first_tick(level, slot) > now_tick_);
    return found;
}

void TimerWheel::validate() const {
    std::size_t found = 0;
    for (unsigned level = 0; level < level_count; level++) {
        for (unsigned slot = 0; slot < slot_count; slot++) found += validate_slot(level, slot);
    }
    for (const TimerLink* link = due_.next; link != &due_; link = link->next) found++;
    CHECK(found == size_);
    CHECK(is_advancing_ || is_lone(due_));
}

std::string TimerWheel::dump() const {
    std::string text = fmt::format("{} timers at {} ms\n", size_, now_tick_);
    for (unsigned level = 0; level < level_count; level++) {
        for (unsigned slot = 0; slot < slot_count; slot++) {
            const TimerLink& list = levels_[level][slot];
            if (is_lone(list)) continue;
            fmt::format_to(std::back_inserter(text), "level {} from {} ms:", level,
                           first_tick(level, slot));
            for (const TimerLink* link = list.next; link != &list; link = link->next) {
                fmt::format_to(std::back_inserter(text), " {}",
                               static_cast<const Timer*>(link)->tick());
            }
            text += '\n';
        }
    }
    return text;
}

}  // namespace ringway::core
