#include "core/slab.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <vector>

#include "core/prng.h"

namespace ringway::core {
namespace {

struct Item {
    explicit Item(int value_) : value(value_) {}
    int value;
    std::array<std::uint64_t, 62> rest{};
};

std::size_t resident_bytes() {
    std::ifstream statm{"/proc/self/statm"};
    std::size_t total_pages = 0;
    std::size_t resident_pages = 0;
    statm >> total_pages >> resident_pages;
    return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(Slab, FindsWhatLivesAndNothingElse) {
    Slab<Item> slab{4};
    EXPECT_EQ(slab.find(SlotRef{}), nullptr);
    Item* item = slab.try_create(7);
    ASSERT_NE(item, nullptr);
    const SlotRef ref = slab.ref_of(*item);
    EXPECT_EQ(slab.find(ref), item);
    EXPECT_EQ(slab.find(SlotRef{}), nullptr);
    EXPECT_EQ(slab.find({.index = ref.index + 1, .generation = ref.generation}), nullptr);
    EXPECT_EQ(slab.find({.index = 4'000'000'000, .generation = ref.generation}), nullptr);
    slab.destroy(*item);
    EXPECT_EQ(slab.find(ref), nullptr);
}

TEST(Slab, ALateReferenceDoesNotReachTheNextTenantOfItsPlace) {
    Slab<Item> slab{4};
    Item* first = slab.try_create(1);
    const SlotRef late = slab.ref_of(*first);
    slab.destroy(*first);
    Item* second = slab.try_create(2);
    EXPECT_EQ(second, first);  // The place freed last is taken first.
    EXPECT_EQ(slab.find(late), nullptr);
    EXPECT_EQ(slab.find(slab.ref_of(*second)), second);
    slab.destroy(*second);
}

TEST(Slab, DeclinesWhenFullAndCountsIt) {
    Slab<Item> slab{2};
    Item* first = slab.try_create(1);
    Item* second = slab.try_create(2);
    EXPECT_TRUE(slab.is_full());
    EXPECT_EQ(slab.try_create(3), nullptr);
    EXPECT_EQ(slab.try_create(3), nullptr);
    EXPECT_EQ(slab.full_total(), 2U);
    slab.destroy(*first);
    first = slab.try_create(4);
    ASSERT_NE(first, nullptr);
    slab.destroy(*first);
    slab.destroy(*second);
    EXPECT_EQ(slab.size(), 0U);
}

TEST(Slab, CostsOnlyWhatIsUsedOfIt) {
    const std::size_t before = resident_bytes();
    Slab<Item> slab{100'000};  // 50 MB if it were resident.
    Item* item = slab.try_create(1);
    EXPECT_LT(resident_bytes(), before + 16'000'000);
    slab.destroy(*item);
}

TEST(Slab, VisitsEveryLivingObjectOnceAndMayDestroyIt) {
    Slab<Item> slab{10};
    std::vector<Item*> items;
    for (int i = 0; i < 8; i++) items.push_back(slab.try_create(i));
    slab.destroy(*items[3]);
    slab.destroy(*items[6]);
    int sum = 0;
    slab.for_each([&](Item& item) {
        sum += item.value;
        slab.destroy(item);
    });
    EXPECT_EQ(sum, 0 + 1 + 2 + 4 + 5 + 7);
    EXPECT_EQ(slab.size(), 0U);
}

struct SelfAware {
    SelfAware(Slab<SelfAware>& slab_, bool& found_) : slab(slab_), found(found_) {
        ref = slab.ref_of(*this);
        found = slab.find(ref) == this;
    }
    ~SelfAware() { found = slab.find(ref) != nullptr; }
    Slab<SelfAware>& slab;
    bool& found;
    SlotRef ref;
};

TEST(Slab, AnObjectKnowsItsPlaceFromConstructorOnAndIsGoneInItsDestructor) {
    Slab<SelfAware> slab{1};
    bool found = false;
    SelfAware* object = slab.try_create(slab, found);
    EXPECT_TRUE(found);
    slab.destroy(*object);
    EXPECT_FALSE(found);
}

struct alignas(64) Aligned {
    char byte = 'x';
};

TEST(Slab, KeepsTheAlignmentOfItsType) {
    Slab<Aligned> slab{3};
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(slab.try_create()) % 64, 0U);
    }
    slab.for_each([&](Aligned& object) { slab.destroy(object); });
}

// Random creation and destruction against a plain list of what ought to live.
TEST(Slab, KeepsItsAccountsOverARandomLife) {
    Slab<Item> slab{50};
    Prng prng{11};
    std::vector<Item*> alive;
    std::vector<SlotRef> dead;
    for (int i = 0; i < 20'000; i++) {
        if (prng.chance(0.5)) {
            if (Item* item = slab.try_create(i)) alive.push_back(item);
        } else if (!alive.empty()) {
            const auto victim = static_cast<std::size_t>(prng.uniform(alive.size()));
            dead.push_back(slab.ref_of(*alive[victim]));
            slab.destroy(*alive[victim]);
            alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(victim));
        }
        ASSERT_EQ(slab.size(), alive.size());
        for (Item* item : alive) ASSERT_EQ(slab.find(slab.ref_of(*item)), item);
    }
    for (const SlotRef ref : dead) ASSERT_EQ(slab.find(ref), nullptr);
    for (Item* item : alive) slab.destroy(*item);
}

TEST(SlabDeathTest, MustBeEmptyWhenItGoes) {
    EXPECT_DEATH(
        {
            Slab<Item> slab{1};
            slab.try_create(1);
        },
        "CHECK failed: size_ == 0");
}

TEST(SlabDeathTest, DestroysNothingTwiceAndNoStranger) {
    Slab<Item> slab{2};
    Item* item = slab.try_create(1);
    Item stranger{2};
    EXPECT_DEATH(slab.destroy(stranger), "CHECK failed");
    slab.destroy(*item);
    EXPECT_DEATH(slab.destroy(*item), "CHECK failed: is_taken");
}

#ifdef RINGWAY_ASAN
TEST(SlabDeathTest, TouchingAFreePlaceIsReported) {
    Slab<Item> slab{2};
    Item* item = slab.try_create(1);
    slab.destroy(*item);
    EXPECT_DEATH(item->value = 3, "use-after-poison");
}
#endif

}  // namespace
}  // namespace ringway::core
