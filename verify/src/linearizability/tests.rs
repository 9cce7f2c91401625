//! Histories whose judgement is known.

use super::*;

type Queue = History<QueueCall, QueueAnswer>;
type Pair = History<PairCall, Looks>;

fn call<O, R>(start: u64, at: u64, operation: O, outcome: R) -> Call<O, R> {
    Call { operation, start, end: End::Answered { at, outcome } }
}

fn unanswered<O, R>(start: u64, gone: Option<u64>, operation: O) -> Call<O, R> {
    Call { operation, start, end: End::Unknown { gone } }
}

fn history<O, R>(lanes: Vec<Vec<Call<O, R>>>) -> History<O, R> {
    let named = lanes.into_iter().enumerate();
    let lanes = named.map(|(at, calls)| Lane { process: format!("process {}", at + 1), calls });
    History::new(lanes.collect()).expect("each process makes one call after the other")
}

fn put(start: u64, at: u64, element: u64) -> Call<QueueCall, QueueAnswer> {
    call(start, at, QueueCall::Put(element), QueueAnswer::Done)
}

fn take(start: u64, at: u64, element: u64) -> Call<QueueCall, QueueAnswer> {
    call(start, at, QueueCall::Take, QueueAnswer::Took([element; 2]))
}

fn write(start: u64, at: u64, old: u64, new: u64) -> Call<PairCall, Looks> {
    call(start, at, PairCall::Write(new), Looks { first: [old; 2], last: [new; 2] })
}

fn read(start: u64, at: u64, seen: u64) -> Call<PairCall, Looks> {
    call(start, at, PairCall::Read, Looks { first: [seen; 2], last: [seen; 2] })
}

fn judge_queue(history: &Queue) -> Judgement {
    judge(&BoundedQueue { capacity: 2 }, history, MOST_CONFIGURATIONS).judgement
}

fn judge_pair(history: &Pair) -> Judgement {
    judge(&PairRegister { initial: 0 }, history, MOST_CONFIGURATIONS).judgement
}

#[track_caller]
fn assert_good(judgement: &Judgement) {
    assert!(matches!(judgement, Judgement::Linearizable(_)), "{judgement:?}");
}

#[track_caller]
fn assert_bad(judgement: &Judgement) {
    assert!(matches!(judgement, Judgement::NotLinearizable(_)), "{judgement:?}");
}

#[test]
fn calls_that_overlap_may_take_effect_in_either_order() {
    for seen in [0, 1] {
        assert_good(&judge_pair(&history(vec![vec![write(0, 10, 0, 1)], vec![read(5, 15, seen)]])));
    }
    // The two reads want different places for one write, and there is one.
    let both = history(vec![vec![write(0, 10, 0, 1)], vec![read(1, 2, 0), read(3, 4, 1)]]);
    let Judgement::Linearizable(order) = judge_pair(&both) else { panic!("there is an order") };
    assert_eq!(order.iter().map(|place| place.lane).collect::<Vec<_>>(), [1, 0, 1]);
    assert_bad(&judge_pair(&history(vec![
        vec![write(0, 10, 0, 1)],
        vec![read(1, 2, 1), read(3, 4, 0)],
    ])));
}

#[test]
fn a_stale_read_is_found() {
    assert_bad(&judge_pair(&history(vec![vec![write(0, 10, 0, 1)], vec![read(11, 12, 0)]])));
    // At the very moment of the end it may have been either.
    assert_good(&judge_pair(&history(vec![vec![write(0, 10, 0, 1)], vec![read(10, 12, 0)]])));
}

#[test]
fn half_a_change_is_found() {
    let torn = Looks { first: [1, 0], last: [1, 0] };
    let reader = vec![call(5, 15, PairCall::Read, torn)];
    assert_bad(&judge_pair(&history(vec![vec![write(0, 10, 0, 1)], reader])));
}

#[test]
fn a_change_between_two_looks_of_one_hold_is_found() {
    let two = Looks { first: [0, 0], last: [1, 1] };
    let reader = vec![call(5, 15, PairCall::Read, two)];
    assert_bad(&judge_pair(&history(vec![vec![write(0, 10, 0, 1)], reader])));
}

#[test]
fn a_lost_update_is_found() {
    assert_bad(&judge_pair(&history(vec![vec![write(0, 10, 0, 1)], vec![write(0, 10, 0, 2)]])));
}

#[test]
fn an_element_that_comes_out_twice_is_found() {
    assert_bad(&judge_queue(&history(vec![
        vec![put(0, 1, 7)],
        vec![take(2, 9, 7)],
        vec![take(3, 8, 7)],
    ])));
}

#[test]
fn a_lost_element_is_found() {
    let empty = call(5, 6, QueueCall::TryTake, QueueAnswer::Empty);
    assert_bad(&judge_queue(&history(vec![vec![put(0, 1, 7)], vec![empty]])));
}

#[test]
fn a_producers_order_is_kept() {
    let producers = || vec![vec![put(0, 1, 10), put(2, 3, 11)]];
    assert_good(&judge_queue(&history(
        [producers(), vec![vec![take(4, 5, 10), take(6, 7, 11)]]].concat(),
    )));
    assert_bad(&judge_queue(&history(
        [producers(), vec![vec![take(4, 5, 11), take(6, 7, 10)]]].concat(),
    )));
}

#[test]
fn two_producers_may_be_mixed_but_not_each_ones_order() {
    let producers = || vec![vec![put(0, 20, 10), put(21, 40, 11)], vec![put(0, 20, 20)]];
    for (order, good) in [
        ([10, 20, 11], true),
        ([20, 10, 11], true),
        ([11, 10, 20], false),
        ([20, 11, 10], false),
        // The second producer had ended before the first began with 11.
        ([10, 11, 20], false),
    ] {
        let takes = order.iter().zip([30, 50, 60]).map(|(element, at)| take(at, at + 5, *element));
        let history = history([producers(), vec![takes.collect()]].concat());
        assert_eq!(matches!(judge_queue(&history), Judgement::Linearizable(_)), good, "{order:?}");
    }
}

#[test]
fn full_and_empty_have_to_be_true_at_some_moment() {
    let full = || call(5, 6, QueueCall::TryPut(9), QueueAnswer::Full);
    assert_good(&judge_queue(&history(vec![vec![put(0, 1, 1), put(2, 3, 2)], vec![full()]])));
    assert_bad(&judge_queue(&history(vec![vec![put(0, 1, 1)], vec![full()]])));
    assert_good(&judge_queue(&history(vec![vec![put(0, 1, 1)], vec![full()], vec![put(6, 9, 2)]])));
}

#[test]
fn who_waits_needs_somebody_who_ends_that() {
    // A put into a full queue that ends before anything is taken.
    assert_bad(&judge_queue(&history(vec![
        vec![put(0, 1, 1), put(2, 3, 2)],
        vec![put(4, 5, 3)],
        vec![take(6, 7, 1)],
    ])));
}

#[test]
fn nothing_gets_into_a_closed_queue() {
    let shut = || call(0, 1, QueueCall::ShutDown, QueueAnswer::Done);
    assert_bad(&judge_queue(&history(vec![vec![shut(), put(2, 3, 1)]])));
    let refused = call(2, 3, QueueCall::Put(1), QueueAnswer::Closed);
    let closed = call(4, 5, QueueCall::Take, QueueAnswer::Closed);
    assert_good(&judge_queue(&history(vec![vec![shut(), refused, closed]])));
}

#[test]
fn a_call_without_an_answer_may_have_taken_effect() {
    let writer = |gone| vec![unanswered(0, gone, PairCall::Write(1))];
    for seen in [0, 1] {
        assert_good(&judge_pair(&history(vec![writer(None), vec![read(5, 6, seen)]])));
        assert_good(&judge_pair(&history(vec![writer(Some(3)), vec![read(5, 6, seen)]])));
    }
}

#[test]
fn a_call_without_an_answer_must_have_taken_effect_if_it_was_seen() {
    let dead = |gone| vec![unanswered(0, gone, PairCall::Write(1))];
    let seen_then_not = || vec![read(5, 6, 1), read(7, 8, 0)];
    assert_bad(&judge_pair(&history(vec![dead(None), seen_then_not()])));
    let not_then_seen = || vec![read(5, 6, 0), read(7, 8, 1)];
    assert_good(&judge_pair(&history(vec![dead(None), not_then_seen()])));
    assert_bad(&judge_pair(&history(vec![dead(Some(4)), not_then_seen()])));
}

#[test]
fn a_dead_consumer_takes_one_element_at_the_most() {
    let dead = || vec![unanswered(4, Some(5), QueueCall::Take)];
    let producer = || vec![put(0, 1, 1), put(2, 3, 2)];
    let empty = |at| call(at, at + 1, QueueCall::TryTake, QueueAnswer::Empty);
    assert_good(&judge_queue(&history(vec![
        producer(),
        dead(),
        vec![take(6, 7, 1), take(8, 9, 2)],
    ])));
    assert_good(&judge_queue(&history(vec![producer(), dead(), vec![take(6, 7, 2), empty(8)]])));
    assert_bad(&judge_queue(&history(vec![producer(), dead(), vec![take(6, 7, 1), empty(8)]])));
    assert_bad(&judge_queue(&history(vec![producer(), dead(), vec![empty(8)]])));
}

#[test]
fn a_search_that_comes_to_its_bound_is_cut_short() {
    let lanes = (0..4).map(|lane| {
        (0..4).map(move |at| call(at * 10, at * 10 + 9, QueueCall::TryPut(lane), QueueAnswer::Done))
    });
    let mut lanes: Vec<Vec<_>> = lanes.map(Iterator::collect).collect();
    lanes.push(vec![take(50, 51, 99)]);
    let history = history(lanes);
    let queue = BoundedQueue { capacity: 16 };
    let cut = judge(&queue, &history, 100);
    assert_eq!((cut.judgement, cut.configurations), (Judgement::CutShort, 100));
    assert_bad(&judge(&queue, &history, MOST_CONFIGURATIONS).judgement);
}

#[test]
fn what_comes_later_does_not_make_a_history_linearizable() {
    let history = history(vec![vec![write(0, 10, 0, 1)], vec![read(11, 12, 0), read(13, 20, 1)]]);
    assert_good(&judge_pair(&history.until(11)));
    assert_bad(&judge_pair(&history.until(12)));
    assert_eq!(history.until(12).calls(), 2);
    assert_eq!(history.until(11).unanswered(), 1);
}

#[test]
fn what_cannot_have_happened_is_refused() {
    for calls in [
        vec![read(0, 5, 0), read(4, 9, 0)],
        vec![read(5, 4, 0)],
        vec![unanswered(0, None, PairCall::Read), read(5, 9, 0)],
        vec![unanswered(0, Some(3), PairCall::Read), read(5, 9, 0)],
    ] {
        let lane = Lane { process: "process 1".into(), calls };
        assert!(History::new(vec![lane]).is_err());
    }
}

#[test]
fn overlaps_are_counted() {
    let apart = history(vec![vec![read(0, 5, 0), read(6, 9, 0)], vec![read(10, 12, 0)]]);
    assert_eq!(apart.overlapping(), 0);
    let together = history(vec![vec![read(0, 5, 0), read(6, 9, 0)], vec![read(4, 12, 0)]]);
    assert_eq!(together.overlapping(), 2, "one began in the first, the second of process 1 in it");
}

#[test]
fn a_drawing_says_who_did_what_when() {
    let lanes = vec![
        vec![write(1_000, 3_000, 0, 1)],
        vec![read(2_000, 2_500, 0), unanswered(2_600, Some(4_000), PairCall::Read)],
    ];
    let history = history(lanes);
    let Judgement::Linearizable(order) = judge_pair(&history) else { panic!("it is") };
    let expected = [
        "      us process 1                         process 2",
        "    0.00 ┌ write 1",
        "    1.00 │                                 ┌ read",
        "    1.50 │                                 └ 0 #1",
        "    1.60 │                                 ┌ read",
        "    2.00 └ 0, 1 #2                         │",
        "    3.00                                   ✗ killed",
    ];
    let drawn = draw(&history, &order, 1_000);
    assert_eq!(drawn.lines().map(str::trim_end).collect::<Vec<_>>(), expected);
}
