//! Many real nodes in one process, each knowing a few others: how long until all know what each wrote, and what memory they take.
//!
//! `HUIZHI_BENCH_NODES` says how many (200), `HUIZHI_BENCH_LINKS` how many others each knows (4), the province among them. Twice: each follows
//! what its office needs, and each follows everything.
#![allow(missing_docs, clippy::print_stdout, reason = "a bench")]

mod world;

use futures::future::join_all;
use node::service::Office;
use protocol::{
    id::Origin,
    record::Roles,
    sync::follow::{Follow, Scope},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use world::{Online, address, directory, enrol, found, free_port, go_online, log_of, make_keys, memory, open, setting, sub};

/// Offices under way at one time where the work is the disk's.
const AT_ONCE: usize = 8;

async fn run(nodes: usize, links: usize, scope: Scope) {
    let kept = directory();
    let dirs: Vec<_> = (0..nodes).map(|number| sub(kept.path(), &format!("{number:04}"))).collect();
    let province = found(&dirs[0], Roles::ADMIN.with(Roles::REVIEW));
    let trust = province.members().province().clone();
    let mut offices = vec![province];
    for (number, dir) in dirs.iter().enumerate().skip(1) {
        let keys = make_keys(dir, false);
        enrol(&offices[0], &keys, number, Roles::CAPTURE);
        offices.push(open(dir, number, &trust));
    }
    let ports: Vec<u16> = (0..nodes).map(|_| free_port()).collect();
    let at: Vec<String> = (0..nodes).map(|number| address(ports[number], &offices[number].keys)).collect();
    let begin = Instant::now();
    let online: Vec<Online> = offices
        .into_iter()
        .enumerate()
        .map(|(number, office)| {
            let office = Arc::new(office.following(Follow { scope: Some(scope), ..Follow::default() }));
            // The province, as everybody who joins; a ring, and chords of doubling length.
            let chords = (0..links.saturating_sub(1)).map(|link| at[(number + (1 << link)) % nodes].clone());
            let known: Vec<String> = at.first().cloned().into_iter().chain(chords).collect();
            go_online(office, ports[number], &known)
        })
        .collect();
    let enrolled = trust.origin();
    let members = nodes as u64;
    join_all(online.iter().map(|node| world::sometime(&node.office, |office| office.store.head(enrolled).size >= members))).await;
    let joined = begin.elapsed();
    println!("\n{nodes} nodes, each knows {links} others, follows {}", if scope == Scope::All { "everything" } else { "what it needs" });
    println!("  all know of all                          {:>7.1} s", joined.as_secs_f64());

    let begin = Instant::now();
    for (at, group) in online.chunks(AT_ONCE).enumerate() {
        join_all(group.iter().enumerate().map(|(of, node)| {
            let (office, number) = (node.office.clone(), (at * AT_ONCE + of) as u64);
            tokio::task::spawn_blocking(move || {
                office.append(|_, signer| Ok(vec![signer.sign(&world::record::submission(office.origin(), number))?])).map(|_| ())
            })
        }))
        .await
        .into_iter()
        .for_each(|appended| appended.expect("it ends").expect("the disk takes it"));
    }
    let written = begin.elapsed();
    let followed: Vec<_> = online.iter().map(|node| node.office.follow()).collect();
    let whole = |logs: &[Origin], office: &Office| logs.iter().all(|origin| office.store.head(origin).size > 0);
    let converged = join_all(online.iter().zip(&followed).map(|(node, logs)| world::sometime(&node.office, |office| whole(logs, office))));
    let in_time = tokio::time::timeout(Duration::from_secs(1_200), converged).await.is_ok();
    let (now, highest) = memory(std::process::id());
    let logs: usize = followed.iter().map(Vec::len).sum();
    println!("  every one wrote a record                 {:>7.1} s", written.as_secs_f64());
    println!(
        "  until all that follow it have it         {:>7.1} s{}",
        begin.elapsed().as_secs_f64(),
        if in_time { "" } else { "  (not all of them)" }
    );
    println!("  logs that a node follows, in the mean    {:>7.1}", logs as f64 / nodes as f64);
    println!("  memory: {now:.0} MB resident, {highest:.0} MB at its highest; {:.1} MB a node", highest / nodes as f64);
    assert_eq!(online[1].office.store.head(&log_of(0)).size, 1, "the reviewer's log is everybody's");
    join_all(online.into_iter().map(Online::end)).await;
}

fn main() {
    if world::is_no_bench() {
        return;
    }
    let (nodes, links) = (setting("HUIZHI_BENCH_NODES", 200) as usize, setting("HUIZHI_BENCH_LINKS", 4) as usize);
    let runtime = tokio::runtime::Runtime::new().expect("threads start");
    runtime.block_on(run(nodes, links, Scope::Needed));
    runtime.block_on(run(nodes, links, Scope::All));
}
