//! The audit blames no mark of ours: in no model, at no size, in no mutant of the mutex.

use std::time::{Duration, Instant};

use lockproof::platform::Ordering;
use lockproof_verify::claim::{Budget, Method, Selection, Silent};
use lockproof_verify::explore::graph::{GraphSearch, is_distrusted};
use lockproof_verify::models::broken::mutants::sites;
use lockproof_verify::models::claims;
use lockproof_verify::models::registry::{By, Exploration, Size, find};
use lockproof_verify::platform::{Change, Mutation, Op};
use lockproof_verify::verdict::Finding;

/// What takes longer is audited as far as it has come.
const PATIENCE: Duration = Duration::from_secs(1);

/// What takes more is audited as far as it has come: by the states' memory, which is the same on every machine, and not by time.
const ROOM: usize = 4 << 20;

fn some_states() -> Budget {
    Budget { memory: Some(ROOM), ..Budget::seeded(1) }
}

fn soon() -> Budget {
    Budget { until: Some(Instant::now() + PATIENCE), ..Budget::seeded(1) }
}

/// What the audit said, if it blames nobody.
fn audited(what: &str, found: &Finding) -> String {
    assert!(!is_distrusted(found), "{what}: {:?}", found.verdict);
    let note = found.notes.iter().find(|note| note.starts_with("marks audited: "));
    note.unwrap_or_else(|| panic!("{what} was not audited: {found:?}")).clone()
}

#[test]
fn no_claim_is_doubted() {
    let mut claims = claims(&Selection::everything());
    claims.retain(|claim| claim.method == Method::Explorer);
    let (mut whole, mut with_loops) = (0, 0);
    for claim in &claims {
        let note = audited(&claim.id, &claim.examine(&some_states(), &Silent).finding);
        println!("{}: {note}", claim.id);
        whole += usize::from(note.contains("every known step"));
        with_loops += usize::from(note.contains("other way"));
    }
    println!("{} claims, {with_loops} with loops, {whole} walked to the last step", claims.len());
    assert!(with_loops > 60 && whole * 5 > with_loops * 4, "{with_loops}, {whole}");
}

/// All that can be changed about an operation.
fn changes(op: &Op) -> Vec<Change> {
    let weaker = op.order.is_some_and(|order| order != Ordering::Relaxed);
    let all = [
        (true, Change::Skip),
        (true, Change::Half),
        (weaker, Change::Order(Ordering::Relaxed)),
        (op.operand.is_some(), Change::Operand(0)),
        (op.operand.is_some(), Change::Operand(1)),
        (op.operand.is_some(), Change::Result(0)),
    ];
    all.into_iter().filter(|(applies, _)| *applies).map(|(_, change)| change).collect()
}

#[test]
fn no_mutant_is_doubted() {
    let size = |processes, deaths| Size::new(processes, 1, deaths);
    let models = [
        ("mutex", size(3, 0)),
        ("mutex", size(2, 1)),
        ("mutex-panic", size(2, 0)),
        ("mutex-given-up", size(3, 0)),
        ("mutex-deadline", size(2, 0)),
    ];
    let mut explored = 0;
    for op in sites() {
        for change in changes(op) {
            let mutation = Mutation::at(op.site, change);
            for (name, size) in models {
                let search = GraphSearch { mutation: Some(mutation), ..GraphSearch::default() };
                let budget = soon();
                let exploration = Exploration {
                    name,
                    search,
                    by: By::States,
                    budget: &budget,
                    progress: &Silent,
                    extract: false,
                    replay: None,
                };
                let model = find(name).expect("a model");
                let found = model.explore(size, &exploration).expect("a good size").finding;
                audited(&format!("{name}, {size:?}, {mutation}"), &found);
                explored += 1;
            }
        }
    }
    println!("{explored} explorations of mutants");
    assert!(explored > 300, "{explored}");
}
