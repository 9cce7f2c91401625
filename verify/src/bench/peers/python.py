"""The work of `lockproof bench` with multiprocessing's Lock, Value and Queue.

Arguments: what, processes, nanoseconds of work, bytes of a message, places of a queue, two processors.
Output: nanoseconds that it took, those of processor time of the first process, the longest wait, changes of owner, the sum,
and what each has done.
"""

import ctypes
import multiprocessing
import os
import sys
import time
from multiprocessing.sharedctypes import RawArray, RawValue

# So often in a row the work is done between two looks at the clock, which takes a tenth as long as what is done here once.
ROW = 10
KILL, PARENTS_DEATH = 9, 1


def end_with_parent():
    ctypes.CDLL(None).prctl(PARENTS_DEATH, KILL)


class Board:
    """What the processes of one measurement tell one another."""

    def __init__(self, processes):
        self.ready = RawArray(ctypes.c_bool, processes)
        self.began = RawValue(ctypes.c_uint64)
        self.stop = RawValue(ctypes.c_bool)
        self.processor, self.longest, self.changes, self.done = (
            RawArray(ctypes.c_uint64, processes) for _ in range(4)
        )


def with_lock(context):
    """A number beside the lock that protects it."""
    lock, number, last = context.Lock(), RawValue(ctypes.c_uint64), RawValue(ctypes.c_int)

    def row(who):
        changes = 0
        for _ in range(ROW):
            with lock:
                number.value += 1
                if last.value != who:
                    last.value = who
                    changes += 1
        return changes

    return row, lambda: number.value


def with_value(context):
    """A Value, under its own lock, as the documentation has it."""
    number, last = context.Value(ctypes.c_uint64), RawValue(ctypes.c_int)

    def row(who):
        changes = 0
        for _ in range(ROW):
            with number.get_lock():
                number.value += 1
                if last.value != who:
                    last.value = who
                    changes += 1
        return changes

    return row, lambda: number.value


def through_queue(context, size, places):
    """The first sends, the second receives."""
    queue, received = context.Queue(places), RawValue(ctypes.c_uint64)
    message = b"\1" * size

    def row(who):
        for _ in range(ROW):
            if who == 0:
                queue.put(message)
            else:
                received.value += len(queue.get()) == size
        return 0

    return row, lambda: received.value


def work(board, row, who, processor, many):
    end_with_parent()
    os.sched_setaffinity(0, {processor})
    board.ready[who] = True
    while not board.began.value:
        time.sleep(0)
    since, longest, changes, done = board.began.value, 0, 0, 0
    used = time.process_time_ns()
    # Both ends of a queue do as many.
    while done < many if many else not board.stop.value:
        changes += row(who)
        done += ROW
        now = time.monotonic_ns()
        longest, since = max(longest, now - since), now
    board.processor[who] = time.process_time_ns() - used
    board.longest[who] = max(longest, time.monotonic_ns() - since)
    board.changes[who], board.done[who] = changes, done


def measure(context, made, processes, window, many, processors):
    row, total = made
    board = Board(processes)
    workers = [
        context.Process(target=work, args=(board, row, who, processors[who % 2], many), daemon=True)
        for who in range(processes)
    ]
    for worker in workers:
        worker.start()
    while not all(board.ready):
        time.sleep(0)
    began = board.began.value = time.monotonic_ns()
    if not many:
        time.sleep(window / 1e9)
        board.stop.value = True
        took = time.monotonic_ns() - began
    for worker in workers:
        worker.join()
        if worker.exitcode != 0:
            sys.exit(1)
    if many:
        took = time.monotonic_ns() - began
    return took, board, total()


def main(what, *numbers):
    end_with_parent()
    processes, window, size, places, *processors = map(int, numbers)
    context = multiprocessing.get_context("fork")
    if what == "queue":
        # As many as fill the time, which is found by doing a few.
        many = 10 * ROW
        while True:
            made = through_queue(context, size, places)
            took, board, total = measure(context, made, 2, window, many, processors)
            if took >= window:
                break
            many = max(2 * many, int(many * 1.1 * window / took) // ROW * ROW)
    else:
        made = {"lock": with_lock, "value": with_value}[what](context)
        took, board, total = measure(context, made, processes, window, 0, processors)
    # What was sent was received: the sum is of what the last has done.
    done = board.done[1:] if what == "queue" else board.done[:]
    print(took, board.processor[0], max(board.longest), sum(board.changes), total, *done)


if __name__ == "__main__":
    main(*sys.argv[1:])
