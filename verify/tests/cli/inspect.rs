//! `lockproof inspect`, `ls` and `rm`, with processes that hold, wait, hang, stop and die.

use std::any::Any;
use std::fs::File;
use std::io::stdin;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use lockproof::{BoundedSemaphore, Counter, Lock, Mutex, Region, RwLock, shareable};
use rustix::process::{getuid, set_parent_process_death_signal};

use super::reports::assert_as_its_schema_says;
use super::*;

/// What an actor is to do: its region, and steps.
const SCRIPT: &str = "LOCKPROOF_TEST_INSPECT_SCRIPT";

shareable! {
    struct Inner {
        lock: Lock,
    }
}

shareable! {
    struct Shared {
        first: Mutex<u64>,
        second: Mutex<u64>,
        book: RwLock<u64, 4>,
        permits: BoundedSemaphore<2>,
        slots: [Lock; 1000],
        total: Counter,
        inner: Inner,
    }
}

/// A region that is gone afterwards.
struct Scene {
    name: String,
    _region: Region<Shared>,
}

impl Scene {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("lockproof-inspect-{}-{number}", std::process::id());
        let region = Region::<Shared>::named(&*name).create().expect("a new name");
        region.total.add(42).expect("free");
        Self { name, _region: region }
    }

    fn path(&self) -> PathBuf {
        Path::new("/dev/shm").join(&self.name)
    }

    /// A process that does this, step by step.
    fn actor(&self, steps: &str) -> Actor {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(["--exact", "inspect::an_actor", "--nocapture", "--test-threads=1"])
            .env(SCRIPT, format!("{}:{steps}", self.name))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Actor(command.spawn().expect("this program runs again"))
    }

    fn json(&self) -> Value {
        json(&["inspect", &self.name, "--json", "-"])
    }

    /// The primitive of that name, once it is as wanted.
    fn once(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        until(|| {
            let report = self.json();
            last = find(&report, name);
            wanted(&last)
        });
        last
    }

    fn once_held(&self, name: &str) -> Value {
        self.once(name, |it| it["holders"].as_array().is_some_and(|all| !all.is_empty()))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path());
    }
}

/// A process that is gone afterwards.
struct Actor(Child);

impl Actor {
    fn id(&self) -> u64 {
        self.0.id().into()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).expect("it is there");
    }

    fn kill(mut self) {
        self.0.kill().expect("it is there");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the processes run: a test only in name.
#[test]
fn an_actor() {
    let Ok(script) = std::env::var(SCRIPT) else { return };
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // SAFETY: an option and a number. Where only a parent may trace, anybody of the same user may now.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY) };
    thread::spawn(|| {
        // Whoever started it is gone.
        let _ = stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let (name, steps) = script.split_once(':').expect("a region and steps");
    let region = Region::<Shared>::named(name).open().expect("a region");
    let region: &'static Region<Shared> = Box::leak(Box::new(region));
    let mut held: Vec<Box<dyn Any>> = Vec::new();
    for step in steps.split(' ') {
        match step {
            "first" => held.push(Box::new(region.first.lock().expect("nobody died"))),
            "second" => held.push(Box::new(region.second.lock().expect("nobody died"))),
            "read" => held.push(Box::new(region.book.read().expect("free"))),
            "permit" => held.push(Box::new(region.permits.acquire().expect("free"))),
            "slot" => assert!(region.slots[17].acquire(true, None).expect("free")),
            "inner" => assert!(region.inner.lock.acquire(true, None).expect("free")),
            // So that each has its first lock before anybody wants a second.
            "both" => until(|| {
                use lockproof::diagnosis::Diagnose;
                let held = [region.first.diagnosis(), region.second.diagnosis()];
                held.iter().all(|diagnosis| !diagnosis.holders.is_empty())
            }),
            other => panic!("{other} is no step"),
        }
    }
    loop {
        thread::park();
    }
}

#[test]
fn a_look_and_the_list_are_as_their_schemas_say() {
    let scene = Scene::new();
    let _holders = [scene.actor("first both second"), scene.actor("second permit both first")];
    until(|| scene.json()["deadlocks"].as_array().is_some_and(|found| !found.is_empty()));
    assert_as_its_schema_says("inspect", &["inspect", &scene.name]);
    assert_as_its_schema_says("ls", &["ls"]);
}

fn until(mut wanted: impl FnMut() -> bool) {
    let end = Instant::now() + WATCHDOG;
    while !wanted() {
        assert!(Instant::now() < end, "not within {WATCHDOG:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn json(arguments: &[&str]) -> Value {
    let output = run(arguments);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn find(report: &Value, name: &str) -> Value {
    let primitives = report["regions"][0]["primitives"].as_array().expect("primitives");
    let found = primitives.iter().find(|primitive| primitive["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is missing")).clone()
}

fn scratch(name: &str) -> PathBuf {
    let number = std::process::id();
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("inspect-{number}-{name}"))
}

#[test]
fn what_is_held_is_shown_by_the_names_of_the_fields() {
    let scene = Scene::new();
    let holder = scene.actor("first read permit slot inner");
    scene.once_held("inner.lock");
    let waiter = scene.actor("first");
    let first = scene.once("first", |it| it["waiting"] == 1 && it["waiters"][0].is_object());
    assert_eq!(first["holders"][0]["process"], holder.id(), "{first}");
    assert_eq!(first["waiters"][0]["process"], waiter.id(), "{first}");
    assert!(first["holders"][0]["waited_for"].as_f64().is_some_and(|it| it < 120.0), "{first}");
    let report = scene.json();
    assert_eq!(report["deadlocks"].as_array().map(Vec::len), Some(0));
    for (name, part) in
        [("book", "read"), ("permits", "permit"), ("slots[17]", "lock"), ("inner.lock", "lock")]
    {
        let holders = find(&report, name)["holders"].clone();
        assert_eq!(holders.as_array().map(Vec::len), Some(1), "{name}: {holders}");
        let (whose, command) = (&holders[0]["process"], holders[0]["command"].as_str());
        assert_eq!((whose, &holders[0]["part"]), (&Value::from(holder.id()), &Value::from(part)));
        assert!(command.is_some_and(|it| it.contains("inspect::an_actor")), "{holders}");
    }
    for idle in ["second", "slots[16]", "total"] {
        assert_eq!(find(&report, idle)["holders"], Value::Array(Vec::new()), "{idle}");
    }
    assert_eq!(find(&report, "total")["condition"]["value"], 42);
    assert_eq!(find(&report, "permits")["condition"]["permits_free"], 1);

    let output = run(&["inspect", &scene.name]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for words in [
        "holds Shared { first: Mutex<u64:8/8>".to_owned(),
        format!(
            "  first, Mutex<u64:8/8>: 1 thread waits; held by thread {}",
            first["holders"][0]["thread"]
        ),
        format!("    waits: thread {}", first["waiters"][0]["thread"]),
        "  second, Mutex<u64:8/8>: nobody waits; nobody holds it\n".to_owned(),
        "  slots[17], Lock: nobody waits; held by thread ".to_owned(),
        "  slots[..]: 999 that nobody holds and nobody waits for\n".to_owned(),
        "  total, Counter: 42; nobody waits; nobody holds it\n".to_owned(),
        "  inner.lock, Lock: nobody waits; held by thread ".to_owned(),
        "mapped by processes ".to_owned(),
    ] {
        assert!(said.contains(&words), "{words} is missing:\n{said}");
    }
    let all = run(&["inspect", &scene.name, "--all"]);
    assert!(text(&all.stdout).contains("  slots[16], Lock: nobody waits; nobody holds it\n"));
    let by_path = run(&["inspect", scene.path().to_str().expect("UTF-8")]);
    assert_eq!(by_path.status.code(), Some(0));
}

#[test]
fn two_that_wait_for_each_other_are_shown_as_a_circle() {
    let scene = Scene::new();
    let one = scene.actor("first both second");
    let other = scene.actor("second both first");
    let process = one.id().to_string();
    for target in [&scene.name, &process] {
        let mut output = run(&["inspect", target]);
        until(|| {
            output = run(&["inspect", target]);
            output.status.code() == Some(1)
        });
        let said = text(&output.stdout);
        let circle = said.split_once("deadlock: 2 threads wait in a circle\n").expect(said).1;
        for (actor, wanted) in [(&one, "second"), (&other, "first")] {
            let who = format!("of process {} (", actor.id());
            let line = circle.lines().position(|line| line.contains(&who)).expect(said);
            let next = circle.lines().nth(line + 1).expect(said);
            assert!(next.contains(&format!("waits for {wanted} in region")), "{said}");
        }
        let report = json(&["inspect", target, "--json", "-"]);
        assert_eq!(report["deadlocks"][0].as_array().map(Vec::len), Some(2), "{report}");
    }
    other.kill();
    // The one that is left finds its lock left by the dead, and fails; nobody waits in a circle any more.
    until(|| run(&["inspect", &scene.name]).status.code() == Some(0));
}

#[test]
fn who_waits_without_a_circle_is_no_deadlock() {
    let scene = Scene::new();
    let _holder = scene.actor("first");
    scene.once_held("first");
    let _middle = scene.actor("second first");
    scene.once_held("second");
    let _last = scene.actor("second");
    scene.once("second", |it| it["waiting"] == 1);
    let output = run(&["inspect", &scene.name]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn a_holder_that_died_or_is_stopped_is_said_to_be() {
    let scene = Scene::new();
    let (stopped, dies) = (scene.actor("second"), scene.actor("first"));
    scene.once_held("first");
    scene.once_held("second");
    dies.kill();
    stopped.signal(Signal::STOP);
    scene.once("second", |it| it["holders"][0]["stopped"] == true);
    let output = run(&["inspect", &scene.name]);
    let said = text(&output.stdout);
    assert!(said.contains("first, Mutex<u64:8/8>: left by a dead holder, nobody waits"), "{said}");
    assert!(said.contains(", which is stopped\n"), "{said}");
}

#[test]
fn what_is_no_region_is_refused_in_words() {
    let (random, empty, pipe, link) =
        (scratch("random"), scratch("empty"), scratch("pipe"), scratch("link"));
    fs::write(&random, (0..9000_u32).map(|it| ((it * 7919) >> 3) as u8).collect::<Vec<_>>())
        .expect("written");
    File::create(&empty).expect("a file");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0)
        .expect("a pipe");
    let named_link = Path::new("/dev/shm").join(format!("lockproof-link-{}", std::process::id()));
    symlink(&random, &link).expect("a link");
    symlink(&random, &named_link).expect("a link");
    let directory = env!("CARGO_TARGET_TMPDIR").to_owned();
    let of = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let name = named_link.file_name().and_then(|it| it.to_str()).expect("UTF-8").to_owned();
    for (target, words) in [
        (of(&random), "not a region, as it does not begin like one"),
        (of(&empty), "not a region"),
        (of(&pipe), "it is not a regular file"),
        (of(&link), "not a region"),
        (name, "it is a symbolic link"),
        (directory, "it is a directory"),
        ("/dev/zero".to_owned(), "it is not a regular file"),
        ("/no/such/file".to_owned(), "no such file"),
        ("lockproof-no-such-name".to_owned(), "there is no region of that name"),
    ] {
        for command in ["inspect", "rm"] {
            assert_refused(&run(&[command, &target]), 2, words);
        }
        assert_refused(&run(&["rm", &target, "--force"]), 2, words);
    }
    for path in [&random, &empty, &pipe, &link, &named_link] {
        assert!(fs::symlink_metadata(path).is_ok(), "{path:?} was removed");
        fs::remove_file(path).expect("still there");
    }
}

#[test]
fn a_process_without_regions_is_said_to_have_none() {
    let mut sleeps = Command::new("sleep").arg("100").spawn().expect("sleep");
    let output = run(&["inspect", &sleeps.id().to_string()]);
    assert_refused(&output, 3, "has no region mapped");
    sleeps.kill().expect("it is there");
    sleeps.wait().expect("it ends");
}

/// What the command writes, line by line.
fn watched(arguments: &[&str]) -> (Child, std::sync::mpsc::Receiver<String>) {
    let mut command = command();
    let mut child = command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let (sender, receiver) = channel();
    thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    (child, receiver)
}

#[test]
fn it_looks_again_and_again_until_interrupted() {
    let scene = Scene::new();
    let (watch, lines) = watched(&["inspect", &scene.name, "--watch=50ms"]);
    let next = |words: &str| loop {
        let line = lines.recv_timeout(WATCHDOG).expect("another look");
        if line.contains(words) {
            return;
        }
    };
    next("first, Mutex<u64:8/8>: nobody waits; nobody holds it");
    let holder = scene.actor("first");
    next("first, Mutex<u64:8/8>: nobody waits; held by thread");
    holder.kill();
    next("first, Mutex<u64:8/8>: left by a dead holder");
    kill_process(Pid::from_child(&watch), Signal::INT).expect("it is there");
    assert_eq!(wait(watch).signal(), Some(Signal::INT.as_raw()));
}

#[test]
fn a_file_that_is_cut_short_meanwhile_ends_the_look_in_words() {
    let path = scratch("cut");
    drop(Region::<Shared>::file(&path).create().expect("a new file"));
    let (mut watch, lines) = watched(&["inspect", path.to_str().expect("UTF-8"), "--watch=1ms"]);
    lines.recv_timeout(WATCHDOG).expect("a look");
    File::options().write(true).open(&path).expect("a file").set_len(1500).expect("shorter");
    let drained = thread::spawn(move || lines.iter().count());
    let mut words = String::new();
    watch.stderr.take().expect("piped").read_to_string(&mut words).expect("UTF-8");
    let status = wait(watch);
    drained.join().expect("all was read");
    assert_eq!(status.code(), Some(2), "{words}");
    assert!(words.contains("1500 bytes") && words.contains("cut short"), "{words}");
    fs::remove_file(&path).expect("still there");
}

#[test]
fn all_regions_of_the_machine_are_listed_with_their_users() {
    let scene = Scene::new();
    let user = scene.actor("first");
    scene.once_held("first");
    let path = scratch("listed");
    let in_file = Region::<Counter>::file(&path).create().expect("a new file");
    let label = format!("listed-{}", std::process::id());
    let in_memory = Region::<Counter>::memfd(&label).expect("a memory file");
    let stale = format!("{}-stale", scene.name);
    drop(Region::<Counter>::named(&*stale).create().expect("a new name"));

    let listing = json(&["ls", "--json", "-"]);
    let output = run(&["ls"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    let regions = listing["regions"].as_array().expect("regions");
    let listed = |what: &str| {
        let is_it = |it: &&Value| {
            [&it["name"], &it["place"]]
                .iter()
                .any(|it| it.as_str().is_some_and(|it| it.contains(what)))
        };
        regions.iter().find(is_it).unwrap_or_else(|| panic!("{what} is missing: {listing}"))
    };
    let users = |region: &Value| -> Vec<u64> {
        let mapped = region["users"]["mapped"].as_array().expect("users").iter();
        mapped.filter_map(|user| user["process"].as_u64()).collect()
    };
    let me = u64::from(std::process::id());
    let named = regions.iter().find(|it| it["name"] == *scene.name).expect("listed");
    assert_eq!(users(named), sorted([me, user.id()]), "{named}");
    assert_eq!(users(listed(path.to_str().expect("UTF-8"))), [me]);
    assert_eq!(users(listed(&format!("/memfd:{label}"))), [me]);
    assert_eq!(users(listed(&stale)), [0; 0]);
    assert_eq!(named["header"]["state"], "ready");
    assert!(said.contains(&format!("{stale}: ready, ")), "{said}");
    assert!(said.contains("used by nobody"), "{said}");

    assert_eq!(run(&["rm", &stale]).status.code(), Some(0));
    assert!(!Path::new("/dev/shm").join(&stale).exists());
    drop((in_file, in_memory));
    fs::remove_file(&path).expect("still there");
}

fn sorted<const N: usize>(mut all: [u64; N]) -> [u64; N] {
    all.sort_unstable();
    all
}

#[test]
fn what_is_in_use_is_only_removed_by_force() {
    let scene = Scene::new();
    let user = scene.actor("first");
    scene.once_held("first");
    let output = run(&["rm", &scene.name]);
    assert_refused(&output, 2, "in use, and not removed: mapped by processes");
    assert_refused(&output, 2, &format!("{} (", user.id()));
    assert!(scene.path().exists());
    let output = run(&["rm", &scene.name, "--force"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), format!("removed {}\n", scene.path().display()));
    assert!(!scene.path().exists());
    // It has no name any more; its processes have it all the same.
    let report = json(&["inspect", &user.id().to_string(), "--json", "-"]);
    assert_eq!(find(&report, "first")["holders"][0]["process"], user.id());
}

#[test]
fn a_damaged_region_can_be_removed() {
    let path = scratch("damaged");
    drop(Region::<Counter>::file(&path).create().expect("a new file"));
    File::options().write(true).open(&path).expect("a file").set_len(1030).expect("shorter");
    let name = path.to_str().expect("UTF-8");
    assert_refused(&run(&["inspect", name]), 2, "cut short");
    assert_eq!(run(&["rm", name]).status.code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn where_permission_is_missing_it_says_so_and_shows_what_it_can() {
    let scene = Scene::new();
    let _holder = scene.actor("first");
    scene.once_held("first");
    if !getuid().is_root() {
        return;
    }
    let nobody = |arguments: &[&str]| {
        let mut command = command();
        command.args(arguments).uid(65534).gid(65534);
        let ran = command.stdin(Stdio::null()).output();
        // Where the program itself is out of that user's reach, there is nothing to see.
        ran.ok()
    };
    let Some(output) = nobody(&["inspect", &scene.name]) else { return };
    assert_refused(&output, 2, "permission denied; its owner may look at it, and root");
    fs::set_permissions(scene.path(), fs::Permissions::from_mode(0o644)).expect("ours");
    let output = nobody(&["inspect", &scene.name]).expect("as before");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(said.contains("first, Mutex<u64:8/8>: nobody waits; held by thread"), "{said}");
    assert!(said.contains("cannot be looked into without more rights"), "{said}");
    let output = nobody(&["rm", &scene.name]).expect("as before");
    assert_refused(&output, 2, "in use, and not removed");
    assert_refused(&nobody(&["rm", &scene.name, "--force"]).expect("as before"), 2, "permission");
    let output = nobody(&["ls"]).expect("as before");
    assert!(text(&output.stdout).contains("it is not permitted to know what all have mapped"));
}

#[test]
fn a_wrong_use_is_refused() {
    let cases: [(&[&str], &str); 5] = [
        (&["inspect"], "NAME|PATH|PID"),
        (&["inspect", "x", "--watch=never"], "a duration is wanted"),
        (&["inspect", "x", "--watch", "--json", "-"], "cannot be used with"),
        (&["rm"], "NAME|PATH"),
        (&["ls", "x"], "unexpected argument"),
    ];
    for (arguments, words) in cases {
        assert_refused(&run(arguments), 2, words);
    }
    let help = run(&["inspect", "--help"]);
    assert!(text(&help.stdout).contains("1  inspect: a deadlock was seen"));
}
