//! Whole drawings, compared line by line.

use super::*;
use crate::trace::Step;

const VALUE: &str = "src/raw/value.rs";
const MUTEX: &str = "src/raw/mutex.rs";

/// One step, from `thread op/ordering word before after file:line`, with `-` for what there is not.
fn step(line: &str) -> Step {
    let mut fields = line.split_whitespace().map(|field| match field {
        "-" => String::new(),
        field => field.replace('_', " "),
    });
    let mut next = || fields.next().unwrap_or_default();
    let (thread, op, word) = (next(), next(), next());
    let (before, after, site) = (next(), next(), next());
    let (op, ordering) = op.split_once('/').unwrap_or((&op, ""));
    let names = ["compare exchange", "futex wake", "futex wait", "robust begin", "robust end"];
    let op = if names.contains(&op) { op.replace(' ', "_") } else { op.to_owned() };
    Step {
        thread: thread.parse().expect("a thread's number"),
        op,
        ordering: ordering.to_owned(),
        word,
        before,
        after,
        site: site.replace(' ', "_").replace("VALUE", VALUE).replace("MUTEX", MUTEX),
    }
}

fn counterexample(why: &str, steps: &str, replay: &str) -> Counterexample {
    let steps = steps.lines().filter(|line| !line.trim().is_empty()).map(step).collect();
    Counterexample { why: why.to_owned(), steps, again_from: None, replay: replay.to_owned() }
}

fn lost_update() -> Counterexample {
    let steps = "
        1 load/Relaxed  total 0 - VALUE:31
        2 load/Relaxed  total 0 - VALUE:31
        2 store/Relaxed total - 1 VALUE:42
        1 store/Relaxed total - 1 VALUE:42
        0 load/Relaxed  total 1 - VALUE:31";
    counterexample("2 increments, but the total is 1.", steps, "unlocked/2x1/loom#7")
}

fn hang() -> Counterexample {
    let steps = "
        1 robust_begin             lock  -                 -                 MUTEX:100
        1 compare_exchange/Acquire lock  free              held_by_1         MUTEX:118
        2 compare_exchange/Acquire lock  held_by_1         -                 MUTEX:118
        2 compare_exchange/Relaxed lock  held_by_1         held_by_1+waiters MUTEX:190
        2 futex_wait               lock  held_by_1+waiters -                 MUTEX:195
        3 futex_wait               lock  held_by_1+waiters -                 MUTEX:195
        1 set                      total -                 1                 MUTEX:56
        1 swap/Release             lock  held_by_1+waiters free              MUTEX:240
        1 futex_wake               lock  -                 1                 MUTEX:241
        1 robust_end               -     -                 -                 MUTEX:242
        2 wakes_up                 lock";
    counterexample("Process 3 sleeps, and nobody will wake it.", steps, "")
}

fn death() -> Counterexample {
    let steps = "
        1 robust_begin             lock -            -         MUTEX:100
        1 compare_exchange/Acquire lock free         held_by_1 MUTEX:118
        1 dies                     lock
        1 compare_exchange/AcqRel  lock held_by_1    free+died verify/src/platform/robust.rs:86
        2 compare_exchange/Acquire lock free+died    held_by_2+died MUTEX:118
        2 futex_wake               lock -            0         MUTEX:241";
    counterexample("The death of process 1 was not reported.", steps, "mutex/2x1/crash#3")
}

fn old_value() -> Counterexample {
    let steps = "
        1 store/Relaxed data - 1 a/very/long/way/to/a/source/file/in/another/package/src/event.rs:1234
        1 store/Relaxed flag - 1 a/very/long/way/to/a/source/file/in/another/package/src/event.rs:1235
        2 load/Relaxed  flag 1 - a/very/long/way/to/a/source/file/in/another/package/src/event.rs:1240
        2 load/Relaxed  data 0 - a/very/long/way/to/a/source/file/in/another/package/src/event.rs:1241";
    counterexample("The flag is seen before the data.", steps, "")
}

#[test]
fn drawings_are_as_expected() {
    let cases = [
        (lost_update(), 80, LOST_UPDATE_80),
        (lost_update(), 60, LOST_UPDATE_60),
        (lost_update(), 1, LOST_UPDATE_60),
        (hang(), 80, HANG_80),
        (hang(), 160, HANG_160),
        (death(), 80, DEATH_80),
        (old_value(), 80, OLD_VALUE_80),
        (old_value(), 60, OLD_VALUE_60),
    ];
    for (counterexample, width, expected) in cases {
        let Counterexample { why, steps, replay, .. } = &counterexample;
        let drawn = drawing((why, &[]), (steps, None), replay, width, false);
        assert!(drawn == expected, "at {width} columns:\n{drawn}\nexpected:\n{expected}");
    }
}

#[test]
fn under_the_drawing_stands_why() {
    let drawn = draw(&lost_update(), 60, false);
    let (steps, rest) = LOST_UPDATE_60.split_at(LOST_UPDATE_60.find("○ reads").expect("a legend"));
    assert!(drawn == format!("{steps}{LOST_UPDATE_WHY}{rest}"), "{drawn}");
    let by_value = draw(&old_value(), 200, false);
    assert!(by_value.contains("had read 1 from flag"), "{by_value}");
}

const LOST_UPDATE_WHY: &str = "\
Why:
  - Process 1 read 0 from total (src/raw/value.rs:31). Then
    process 2 wrote 1 (src/raw/value.rs:42). Process 1,
    which had not seen that, wrote 1 over it
    (src/raw/value.rs:42): what process 2 wrote is lost.

";

#[test]
fn no_line_is_wider_than_the_screen() {
    for counterexample in [lost_update(), hang(), death(), old_value(), crowd()] {
        for width in NARROWEST..220 {
            for line in draw(&counterexample, width, false).lines() {
                let columns = columns::width_of(line);
                assert!(columns <= width, "{columns} columns instead of {width}: {line}");
            }
        }
    }
}

#[test]
fn colours_change_nothing_else() {
    for counterexample in [lost_update(), hang(), death(), old_value(), crowd()] {
        for width in [60, 80, 160] {
            let coloured = draw(&counterexample, width, true);
            assert!(coloured.contains("\x1b["), "nothing is coloured:\n{coloured}");
            let stripped: Vec<String> = anstream::adapter::strip_str(&coloured)
                .to_string()
                .lines()
                .map(|line| line.trim_end().to_owned())
                .collect();
            let plain: Vec<String> =
                draw(&counterexample, width, false).lines().map(str::to_owned).collect();
            assert_eq!(stripped, plain);
        }
    }
}

#[test]
fn a_counterexample_without_steps_says_why() {
    let alone = counterexample("a worker did not end within 10 s", "", "stress/counter#1");
    let drawn = draw(&alone, 80, false);
    assert_eq!(drawn, "a worker did not end within 10 s\nThis execution: stress/counter#1\n");
}

/// Eight processes, each with the longest words there are.
fn crowd() -> Counterexample {
    let steps: String = (1..=8)
        .map(|thread| {
            format!(
                "{thread} compare_exchange/AcqRel initialisation held_by_8+waiters+died+lost \
                 held_by_8+waiters+died+lost verify/src/platform/robust.rs:{thread}\n"
            )
        })
        .collect();
    counterexample("Eight processes are one too many.", &steps, "init/8x1/shuttle#12345")
}

const LOST_UPDATE_80: &str = "\
2 increments, but the total is 1.

 process 1                process 2
 │                        │
 ○ load total: 0          │                        Relaxed  src/raw/value.rs:31
 ┃                        ○ load total: 0          Relaxed  src/raw/value.rs:31
 ┃                        ● store total: 0 → 1     Relaxed  src/raw/value.rs:42
 ● store total: 1 → 1     │                        Relaxed  src/raw/value.rs:42
 │ └ went on from the 0   │
 │   it read: process     │
 │   2's write of 1 is    │
 │   lost                 │
── all have ended ──
 ○ load total: 1                                   Relaxed  src/raw/value.rs:31

○ reads   ● writes   ┃ holds a value that has changed
This execution: unlocked/2x1/loom#7
";

const LOST_UPDATE_60: &str = "\
2 increments, but the total is 1.

 P1  P2    operation      word   value  source
 ○   │     load Relaxed   total  0      src/raw/value.rs:31
 ┃   ○     load Relaxed   total  0      src/raw/value.rs:31
 ┃   ●     store Relaxed  total  0 → 1  src/raw/value.rs:42
 ●   │     store Relaxed  total  1 → 1  src/raw/value.rs:42
 │   │     └ process 1 went on from the 0 it read: process
 │   │       2's write of 1 is lost
── all have ended ──
 ○         load Relaxed   total  1      src/raw/value.rs:31

○ reads   ● writes   ┃ holds a value that has changed
This execution: unlocked/2x1/loom#7
";

const HANG_80: &str = "\
Process 3 sleeps, and nobody will wake it.

 P1  P2  P3    operation         word   value                source
 ●   │   │     compare_exchange  lock   free → held by 1     …/raw/mutex.rs:118
 │   │   │     Acquire
 │   ○   │     compare_exchange  lock   held by 1 (fails)    …/raw/mutex.rs:118
 │   │   │     Acquire
 │   ●   │     compare_exchange  lock   held by 1            …/raw/mutex.rs:190
 │   │   │     Relaxed                  → held by 1+waiters
 │   z   │     futex_wait        lock   held by 1+waiters    …/raw/mutex.rs:195
 │   ┊   z     futex_wait        lock   held by 1+waiters    …/raw/mutex.rs:195
 ●   ┊   ┊     set               total  → 1                  src/raw/mutex.rs:56
 ●   ┊   ┊     swap Release      lock   held by 1+waiters    …/raw/mutex.rs:240
 │   ┊   ┊                              → free
 !   ┊   ┊     futex_wake        lock   1 woken              …/raw/mutex.rs:241
 │   ├   ┊     wakes up

Process 3 is still asleep.
Not shown: 2 steps of robust-list bookkeeping (nobody dies).
○ reads   ● writes   z falls asleep   ! wakes   ┊ asleep
";

const HANG_160: &str = "\
Process 3 sleeps, and nobody will wake it.

 P1  P2  P3    operation                 word   value                          source
 ●   │   │     compare_exchange Acquire  lock   free → held by 1               src/raw/mutex.rs:118
 │   ○   │     compare_exchange Acquire  lock   held by 1 (fails)              src/raw/mutex.rs:118
 │   ●   │     compare_exchange Relaxed  lock   held by 1 → held by 1+waiters  src/raw/mutex.rs:190
 │   z   │     futex_wait                lock   held by 1+waiters              src/raw/mutex.rs:195
 │   ┊   z     futex_wait                lock   held by 1+waiters              src/raw/mutex.rs:195
 ●   ┊   ┊     set                       total  → 1                            src/raw/mutex.rs:56
 ●   ┊   ┊     swap Release              lock   held by 1+waiters → free       src/raw/mutex.rs:240
 !   ┊   ┊     futex_wake                lock   1 woken                        src/raw/mutex.rs:241
 │   ├   ┊     wakes up

Process 3 is still asleep.
Not shown: 2 steps of robust-list bookkeeping (nobody dies).
○ reads   ● writes   z falls asleep   ! wakes   ┊ asleep
";

const DEATH_80: &str = "\
The death of process 1 was not reported.

 P1  P2    operation                 word  value             source
 ├   │     robust_begin              lock                    …/raw/mutex.rs:100
 ●   │     compare_exchange Acquire  lock  free → held by 1  …/raw/mutex.rs:118
 ✗   │     dies
 ◇   │     kernel: compare_exchange  lock  held by 1         …/robust.rs:86
     │     AcqRel                          → free+died
     ●     compare_exchange Acquire  lock  free+died         …/raw/mutex.rs:118
     │                                     → held by 2+died
     !     futex_wake                lock  nobody to wake    …/raw/mutex.rs:241

● writes   ! wakes   ✗ dies   ◇ the kernel, for the dead
This execution: mutex/2x1/crash#3
";

const OLD_VALUE_80: &str = "\
The flag is seen before the data.

 process 1               process 2
 │                       │
 ● store data → 1        │                       Relaxed  …/src/event.rs:1234
 ● store flag → 1        │                       Relaxed  …/src/event.rs:1235
 │                       ○ load flag: 1          Relaxed  …/src/event.rs:1240
 │                       ○ load data: 0          Relaxed  …/src/event.rs:1241
 │                       │ └ sees an old value:
 │                       │   process 1 has
 │                       │   written 1

○ reads   ● writes
";

const OLD_VALUE_60: &str = "\
The flag is seen before the data.

 P1  P2    operation      word  value  source
 ●   │     store Relaxed  data  → 1    …/src/event.rs:1234
 ●   │     store Relaxed  flag  → 1    …/src/event.rs:1235
 │   ○     load Relaxed   flag  1      …/src/event.rs:1240
 │   ○     load Relaxed   data  0      …/src/event.rs:1241
 │   │     └ process 2 sees an old value: process 1 has
 │   │       written 1

○ reads   ● writes
";

#[test]
fn what_is_done_again_and_again_is_under_a_line() {
    let steps = "
        1 robust_begin  lock - - MUTEX:100
        1 swap/Acquire  lock 0 1 MUTEX:118
        2 robust_begin  lock - - MUTEX:100
        2 swap/Acquire  lock 1 1 MUTEX:118";
    let spins = counterexample("Process 2 never gets on.", steps, "");
    let endless = Counterexample { again_from: Some(3), ..spins };
    for width in [60, 120] {
        let drawn = draw(&endless, width, false);
        let lines: Vec<&str> = drawn.lines().collect();
        let line = lines.iter().position(|line| line.starts_with("── from here on"));
        let line = line.unwrap_or_else(|| panic!("no line:\n{drawn}"));
        // What is not shown before it does not count.
        assert!(lines[line - 1].contains("0 → 1") && lines[line + 1].contains("1 → 1"), "{drawn}");
    }
}
