// The work of `lockproof bench` with Boost's interprocess_mutex: so many processes lock it, add one, stay inside for so many
// nanoseconds, and unlock it, for so long.
//
// Arguments: processes, nanoseconds inside, nanoseconds of work, nanoseconds between looks at the clock, two processors.
// Output: nanoseconds that it took, those of processor time of the first process, the longest wait, changes of owner, the sum, and
// what each has done.
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using boost::interprocess::interprocess_mutex;
using boost::interprocess::scoped_lock;

namespace {

constexpr int MOST = 16;

// Each on cache lines of its own, but for the number, which is beside its lock.
struct Board {
    alignas(128) interprocess_mutex mutex;
    std::uint64_t number = 0;
    alignas(128) std::atomic<int> ready{0};
    alignas(128) std::atomic<bool> stop{false};
    alignas(128) std::atomic<std::uint64_t> began{0};
    alignas(128) std::atomic<std::uint64_t> processor{0};
    std::atomic<std::uint64_t> longest{0};
    std::atomic<std::uint64_t> changes{0};
    std::atomic<std::uint64_t> done[MOST] = {};
};

std::uint64_t at(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000000000u + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t now() { return at(CLOCK_MONOTONIC); }

void pin(int processor) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(processor, &only);
    sched_setaffinity(0, sizeof only, &only);
}

// The lowest eight bits of the number say who had it last.
bool once(Board &board, std::uint64_t who, std::uint64_t inside) {
    scoped_lock<interprocess_mutex> held(board.mutex);
    const bool changed = (board.number & 0xff) != who;
    board.number = ((board.number | 0xff) + 1) | who;
    if (inside > 0) {
        const std::uint64_t came = now();
        while (now() - came < inside) {
        }
    }
    return changed;
}

void work(Board &board, int who, std::uint64_t inside, std::uint64_t wanted) {
    board.ready.fetch_add(1);
    while (board.began.load(std::memory_order_acquire) == 0) {
        sched_yield();
    }
    std::uint64_t since = board.began.load(), longest = 0, changes = 0, done = 0, row = 1;
    const std::uint64_t processor = at(CLOCK_PROCESS_CPUTIME_ID);
    while (!board.stop.load(std::memory_order_relaxed)) {
        for (std::uint64_t i = 0; i < row; i++) {
            changes += once(board, static_cast<std::uint64_t>(who), inside);
        }
        done += row;
        const std::uint64_t ended = now(), took = ended - since;
        since = ended;
        longest = took > longest ? took : longest;
        if (took > 2 * wanted) {
            row = row > 1 ? row / 2 : 1;
        } else if (took < wanted && row < 4096) {
            row *= 2;
        }
    }
    if (who == 0) {
        board.processor = at(CLOCK_PROCESS_CPUTIME_ID) - processor;
    }
    const std::uint64_t last = now() - since;
    longest = last > longest ? last : longest;
    std::uint64_t seen = board.longest.load();
    while (seen < longest && !board.longest.compare_exchange_weak(seen, longest)) {
    }
    board.changes += changes;
    board.done[who] = done;
}

std::uint64_t argument(char **arguments, int which) { return std::strtoull(arguments[which], nullptr, 10); }

} // namespace

int main(int count, char **arguments) {
    if (count != 7) {
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int processes = static_cast<int>(argument(arguments, 1));
    const std::uint64_t inside = argument(arguments, 2), window = argument(arguments, 3), wanted = argument(arguments, 4);
    const int processors[] = {static_cast<int>(argument(arguments, 5)), static_cast<int>(argument(arguments, 6))};
    void *memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || processes < 1 || processes > MOST) {
        return 2;
    }
    Board &board = *new (memory) Board;
    for (int who = 0; who < processes; who++) {
        const pid_t child = fork();
        if (child < 0) {
            return 2;
        }
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pin(processors[who % 2]);
            work(board, who, inside, wanted);
            _exit(0);
        }
    }
    while (board.ready.load() < processes) {
        sched_yield();
    }
    const std::uint64_t began = now();
    board.began.store(began, std::memory_order_release);
    const timespec sleeps = {static_cast<time_t>(window / 1000000000u), static_cast<long>(window % 1000000000u)};
    nanosleep(&sleeps, nullptr);
    board.stop = true;
    const std::uint64_t took = now() - began;
    for (int who = 0; who < processes; who++) {
        int status;
        if (wait(&status) < 0 || status != 0) {
            return 1;
        }
    }
    std::printf("%llu %llu %llu %llu %llu", static_cast<unsigned long long>(took),
                static_cast<unsigned long long>(board.processor.load()), static_cast<unsigned long long>(board.longest.load()),
                static_cast<unsigned long long>(board.changes.load()), static_cast<unsigned long long>(board.number >> 8));
    for (int who = 0; who < processes; who++) {
        std::printf(" %llu", static_cast<unsigned long long>(board.done[who].load()));
    }
    std::printf("\n");
    return 0;
}
