//! Every bound that a peer can push against, in one place, with its reason.

/// Bytes of one log entry. C2SP tlog-tiles stores entries behind a 16-bit length.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// Entries in one package: one full C2SP entry bundle.
pub const PACKAGE_ENTRIES_MAX: usize = 256;
/// Bytes of entries in one package before it is cut short; keeps a frame far below [`FRAME_BYTES_MAX`].
pub const PACKAGE_BYTES_MAX: usize = 1 << 20;
/// Packages of a log that one peer is asked for ahead, and that are stored in one durable step: 2,048 entries, a few hundred milliseconds.
pub const PACKAGES_AHEAD_MAX: usize = 8;
/// And of all peers together, except for one of each: 64 MiB at most wait to be stored.
pub const PACKAGES_UNDER_WAY_MAX: usize = 64;
/// Entries of one log. Sizes beyond it cannot come from an honest office, and their arithmetic need not be thought about.
pub const LOG_SIZE_MAX: u64 = 1 << 62;
/// Bytes of a text that several people write at once: a photo spec has some thousand.
pub const SHARED_TEXT_BYTES_MAX: usize = 64 << 10;
/// Changes of such a text before it must begin anew; with one a second that is an hour.
pub const SHARED_TEXT_CHANGES_MAX: usize = 4_096;
/// Bytes of a request to be enrolled: one record without a photo, as text.
pub const ENROL_REQUEST_BYTES_MAX: usize = 4 << 10;
/// Bytes of one wire frame: a package, its proof and its checkpoint.
pub const FRAME_BYTES_MAX: usize = 2 << 20;
/// Bytes of one question: a whole frontier of [`FRONTIER_LOGS_MAX`] logs with the longest names, in the form of before. A peer may send 64 questions at once
/// on each of its connections, and all of them stand in memory.
pub const REQUEST_BYTES_MAX: usize = 640 << 10;
/// Bytes of one piece of a blob.
pub const BLOB_CHUNK_BYTES_MAX: usize = 256 << 10;
/// Bytes of one blob: an untouched camera original.
pub const BLOB_BYTES_MAX: u64 = 32 << 20;
/// Logs named in one frontier: a province of 3,000 offices with a few epochs fits a frame.
pub const FRONTIER_LOGS_MAX: usize = 4_096;
/// Bytes of a checkpoint note; log signature and 16 cosignatures are below 3 KiB.
pub const NOTE_BYTES_MAX: usize = 8 << 10;
/// Signature lines read from a note. The format asks for at least 16.
pub const NOTE_SIGNATURES_MAX: usize = 64;
/// Hashes in a Merkle proof: twice the depth of a tree of 2^63 leaves.
pub const PROOF_HASHES_MAX: usize = 126;
/// Bytes of the rotation that an office asks for in its log; one takes less than 400.
pub const EPOCH_REQUEST_BYTES_MAX: usize = 1_024;
/// Records of one log about one case that are looked at, the first ones: all changes that a note may have, and as many again for what people
/// decide. What comes behind them is kept and never weighed, at every office alike, so no office signs it.
pub const CASE_RECORDS_PER_LOG_MAX: usize = 2 * DOC_CHANGES_MAX;
/// Epochs of an office's log: a receipt number has two digits for it. One a year is the rule.
pub const EPOCH_MAX: u32 = 99;
/// Forks of one log that are remembered, among them the one that sets most aside. One adjudication settles all of them.
pub const FORKS_PER_LOG_MAX: usize = 64;
/// Bytes of a fork proof: two notes and three Merkle proofs.
pub const FORK_PROOF_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX + 3 * 34 * PROOF_HASHES_MAX + 256;
/// Beginnings of a log that are told at once when two histories of it are compared; each round narrows their common part by this factor.
pub const BEGINNINGS_MAX: usize = 48;
/// Fork proofs that one node tells another that it holds.
pub const FORK_PROOFS_TOLD_MAX: usize = 1_024;
/// Fork proofs in one answer; they fit a frame.
pub const FORK_PROOFS_GIVEN_MAX: usize = 48;
/// Two histories are compared with one peer again after this long.
pub const COMPARE_RETRY_MS: u64 = 60_000;
/// Hashes of a consistency proof in an `add-checkpoint` request (C2SP tlog-witness).
pub const WITNESS_PROOF_HASHES_MAX: usize = 63;
/// Bytes of an `add-checkpoint` request: its first line, its hashes of 45 bytes each, and the note.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = 64 + 45 * WITNESS_PROOF_HASHES_MAX + NOTE_BYTES_MAX;
/// Cosignatures that are collected for one checkpoint. C2SP signed-note has every reader take at least 16 lines, the log's own among them.
pub const COSIGNATURES_MAX: usize = 15;
/// A witness is asked, and a follower told, about one log at most this often, so that a busy office asks for its newest checkpoint only.
pub const COSIGN_PAUSE_MS: u64 = 1_000;
/// A peer that does not cosign, or does not know how to, is asked for that log again after this long.
pub const COSIGN_RETRY_MS: u64 = 15_000;
/// Bytes of a trust policy: the keys of 3,000 offices' logs and witnesses fit.
pub const POLICY_BYTES_MAX: usize = 2 << 20;
/// Logs, witnesses and groups of a trust policy together.
pub const POLICY_NAMES_MAX: usize = 16_384;
/// Bytes of one raw Automerge change.
pub const DOC_CHANGE_BYTES_MAX: usize = 32 << 10;
/// Operations in one Automerge change: a pasted page of text.
pub const DOC_CHANGE_OPS_MAX: usize = 20_000;
/// Changes merged into one document; beyond it the note is closed.
pub const DOC_CHANGES_MAX: usize = 1_000;
/// Characters of a note's text.
pub const NOTE_TEXT_CHARS_MAX: usize = 4_000;
/// Levels of nesting inside a record; the kinds of today have three.
pub const CBOR_DEPTH_MAX: usize = 16;
/// Bytes of any text field inside a record, the spec text aside.
pub const TEXT_BYTES_MAX: usize = 1_024;
/// Items of any list inside a record.
pub const LIST_ITEMS_MAX: usize = 64;
/// The digest of the frontier is told again to every peer after this long, so that nothing depends on an announcement that was lost.
pub const ANTI_ENTROPY_MS: u64 = 15_000;
/// A request without an answer is given up after this long.
pub const REQUEST_TIMEOUT_MS: u64 = 20_000;
/// A peer that gave entries of a log which do not continue what is here is not asked for that log again before this long. Somebody lies, and
/// what proves it may have been lost on its way the first time.
pub const DISTRUST_MS: u64 = 300_000;
/// A fetch that brought fewer than [`FETCH_SLOW_ENTRIES`] entries in so long is slow. Where somebody else offers the log, it is taken from the peer.
pub const FETCH_SLOW_MS: u64 = 20_000;
/// Three entries a second: a line of 16 kbit/s carries more.
pub const FETCH_SLOW_ENTRIES: u64 = 64;
/// A peer that did not give what it told of is not asked for that log again before this long.
pub const FETCH_RETRY_MS: u64 = 2_000;
/// Successor keys of a province; people carry each of them.
pub const SUCCESSORS_MAX: usize = 16;
/// Bytes of a full bundle of 256 entries (C2SP tlog-tiles), as in exports and on sticks.
pub const ENTRY_BUNDLE_BYTES_MAX: u64 = PACKAGE_ENTRIES_MAX as u64 * (2 + ENTRY_BYTES_MAX as u64);
/// Files and folders of a bundle on a stick, all together: the tiles of sixty million entries. More is a bomb, or another folder.
pub const STICK_FILES_MAX: u64 = 1 << 19;
/// Bytes of what a node asks a stick for: the heads of 4,096 logs and the names of ten thousand blobs.
pub const ASK_BYTES_MAX: u64 = 4 << 20;
/// Blobs that one node asks a stick for.
pub const ASK_BLOBS_MAX: usize = 10_000;
/// Offices that are asked about one receipt: one that is honest and knows of its revocation is enough.
pub const RECEIPT_ASKED_MAX: usize = 5;
/// An answer about a receipt is waited for this long; somebody stands at the counter.
pub const RECEIPT_TIMEOUT_MS: u64 = 3_000;
/// Receipts that others are asked about at one time; one more is answered from what is here.
pub const RECEIPT_LOOKUPS_MAX: usize = 64;
/// Records about one case in an answer about its receipt. A case has three; what its receipt rests on comes first.
pub const EVIDENCE_ENTRIES_MAX: usize = 64;
/// Logs in an answer about a receipt, each with one note and its signatures to verify.
pub const EVIDENCE_LOGS_MAX: usize = 16;
/// Histories of one log that the province named and that an answer about a receipt is held against.
pub const EVIDENCE_NAMED_MAX: usize = 64;
/// Bytes of the records in an answer about a receipt; with notes and proofs it fits a frame.
pub const EVIDENCE_BYTES_MAX: usize = 1 << 20;
/// Tokens a second for questions about frontiers and forks: an announcement of changes takes one, and while a busy office catches up it makes one
/// for every package that it stored.
pub const ASK_CONTROL_PER_S: u64 = 200;
/// And in reserve: a peer that connects anew exchanges digests, frontiers and fork proofs at once.
pub const ASK_CONTROL_BURST: u64 = 2_000;
/// Refusals a second that a peer may collect: an honest one that is told *later* waits a second or two before it asks again.
pub const REFUSED_PER_S: u64 = 20;
/// And in reserve: what an honest peer may have under way when its bucket runs empty.
pub const REFUSED_BURST: u64 = 500;
/// A peer that goes on asking after so many refusals is not spoken to for this long.
pub const SHUT_OUT_MS: u64 = 60_000;
/// Tokens for what is known of a receipt: some dozens of records with their proofs are read.
pub const COST_RECEIPT: u64 = 20;
/// Tokens for a whole frontier: up to 4,096 logs are looked up or told.
pub const COST_FRONTIER: u64 = 20;
/// Tokens for a question about forks, which verifies signatures or reads the disk.
pub const COST_FORK: u64 = 40;
/// Packages that one peer is given in a second: 25,600 entries, more than a node verifies and stores.
pub const ASK_ENTRIES_PER_S: u64 = 100;
/// And in reserve: a new node reads a million entries without a pause.
pub const ASK_ENTRIES_BURST: u64 = 4_096;
/// Bytes of blobs that are read for one peer in a second: 100 Mbit. A question takes a whole piece, and what its answer did not need is given
/// back; what had to be read before a piece could be given is taken as well.
pub const ASK_BLOB_BYTES_PER_S: u64 = 50 * BLOB_CHUNK_BYTES_MAX as u64;
/// And in reserve: 256 MB, the photos of some days.
pub const ASK_BLOB_BYTES_BURST: u64 = 1_024 * BLOB_CHUNK_BYTES_MAX as u64;
/// Bytes that an answer with less than that takes: to look up who may have a blob reads its cases.
pub const COST_BLOB_BYTES_MIN: u64 = 16 << 10;
/// Blobs whose values before each piece are remembered by whoever gives them, each up to 4 KiB.
pub const BLOB_OUTLINES_MAX: usize = 256;
/// Blobs fetched at one time.
pub const BLOBS_IN_FLIGHT_MAX: usize = 8;
/// Blobs for which somebody waits before a screen, and is told how they stand.
pub const BLOBS_WATCHED_MAX: usize = 64;
/// A blob of which no piece came for this long has no rate at which it comes.
pub const BLOB_PACE_MS: u64 = 5_000;
/// Blobs of peers that are under way on the disk. Each may reach the bound of a blob and then never be finished; the one that grew longest
/// ago makes room.
pub const PARTIAL_BLOBS_MAX: usize = 64;
/// A peer that did not have a blob is asked for it again after this long, doubled with every time that it fails again.
pub const BLOB_RETRY_MS: u64 = 5_000;
/// Doublings of [`BLOB_RETRY_MS`]: what nobody may give costs every peer one question in five minutes.
pub const BLOB_RETRY_DOUBLINGS_MAX: u32 = 6;
/// A peer that is asked for too much is asked for a blob again after this long.
pub const BLOB_BUSY_MS: u64 = 1_000;
/// Questions for cosignatures and notes with lines in a second. An office asks about a log once a second ([`COSIGN_PAUSE_MS`]), twice where
/// the first answer names another size, and tells the lines once; the province's own office writes two logs.
pub const ASK_WITNESSING_PER_S: u64 = 6;
/// And in reserve, for a witness that was away while much was signed.
pub const ASK_WITNESSING_BURST: u64 = 30;
/// Seconds for which a history that was copied keeps blobs off a line with a cap: a peer that reads all logs must not hold up photos for hours.
pub const ENTRIES_OWED_MAX_S: u64 = 60;
/// Relays at which a node can be reached at one time: one, and another while that one restarts.
pub const RELAYS_USED_MAX: usize = 2;
/// A relay that gave no reservation, and an office that could not be reached by way of one, are tried again after this long.
pub const RELAY_RETRY_MS: u64 = 60_000;
/// Offices that a node connects to by way of relays without having anything to fetch there: witnesses, and somebody to go on with when the
/// province is away, once the connection has become a direct one.
pub const RELAYED_BY_LOT: usize = 3;
/// Connections by way of relays at one time; beyond it only whoever comes by himself. With 1,000 offices a province relays at most
/// [`RELAY_CIRCUITS_MAX`] all the same.
pub const RELAYED_MAX: usize = 16;
/// Offices that can be reached by way of one relay: as many as it has connections.
pub const RELAY_RESERVATIONS_MAX: usize = 4_096;
/// Circuits through one relay. Each copies through two buffers of 8 KiB, and waits where the slower side does.
pub const RELAY_CIRCUITS_MAX: usize = 1_024;
/// Circuits of one office through one relay.
pub const RELAY_CIRCUITS_PER_PEER_MAX: usize = 32;
/// Bytes of one circuit, each way: 32 of the largest blobs. The usual 128 KiB of libp2p would cut a photo off in its middle.
pub const RELAY_CIRCUIT_BYTES_MAX: u64 = 32 * BLOB_BYTES_MAX;
/// A circuit ends after this long and is made anew: the largest blob takes 5 minutes at 1 Mbit/s.
pub const RELAY_CIRCUIT_MS: u64 = 3_600_000;
/// A reservation at a relay is made anew after this long; whoever was revoked meanwhile gets none.
pub const RELAY_RESERVATION_MS: u64 = 3_600_000;
/// Tokens that asking a relay for a reservation takes, where one comes in a second.
pub const COST_RESERVATION: u64 = 15;
/// Tokens that asking a relay for a circuit takes: one in three seconds.
pub const COST_CIRCUIT: u64 = 3;
/// And in reserve: a node that meets its relay again asks for [`RELAYED_MAX`] circuits.
pub const RELAY_BURST: u64 = 90;
/// Bytes of one gossiped message: a note, and what gossipsub puts around it.
pub const GOSSIP_BYTES_MAX: usize = NOTE_BYTES_MAX + (1 << 10);
/// A node publishes the newest checkpoint of its own log at most this often.
pub const GOSSIP_PAUSE_MS: u64 = 1_000;
/// Gossiped messages that are looked at from one peer in a second: at 200 cases a day a thousand offices write 14 entries a second in the mean, and each
/// peer passes some of all of them on. What is not looked at is heard of otherwise.
pub const GOSSIP_PER_PEER_S: u64 = 100;
/// And in reserve.
pub const GOSSIP_PER_PEER_BURST: u64 = 1_000;
/// Gossiped checkpoints of one log that are passed on in a second: as many as an honest office publishes, which knows no more than one clock.
pub const GOSSIP_PER_LOG_S: u64 = 1;
/// And in reserve, for what several witnesses added while the line was away.
pub const GOSSIP_PER_LOG_BURST: u64 = 16;
/// Checkpoints of one log that are remembered to be held against others of the same size; some 300 bytes each, for up to [`FRONTIER_LOGS_MAX`] logs.
pub const GOSSIP_POINTS_MAX: usize = 16;
/// Tokens of one gossiped message that does not hold, where one comes in a second: a mistake a minute is forgiven.
pub const COST_GOSSIP_REJECTED: u64 = 60;
/// And in reserve: whoever sends more of them at once is not listened to.
pub const GOSSIP_REJECTED_BURST: u64 = 8 * COST_GOSSIP_REJECTED;
/// For this long.
pub const GOSSIP_CUT_OFF_MS: u64 = 3_600_000;
/// Bytes of an answer from which on it says how much a line carries: shorter ones are over before a connection is up to speed.
pub const GOODPUT_BYTES_MIN: u64 = 32 << 10;
/// Answers by which one transport is known well enough to be held against another.
pub const GOODPUT_SAMPLES: u32 = 8;
/// A connection beside another is left alone for so long, in which the other end may close its own and what is under way on it may end.
pub const PATH_GRACE_MS: u64 = 5_000;
/// Where much flows over one transport the other one is tried beside it this often. Half of all questions go over it meanwhile.
pub const PROBE_EVERY_MS: u64 = 600_000;
/// And this often where the other was better when it was last measured. Traffic that ended before is none.
pub const PROBE_SOON_MS: u64 = 60_000;
/// An attempt that brought too few answers to be judged ends after this long.
pub const PROBE_MAX_MS: u64 = 60_000;
/// Handshakes that are begun with one address in a second. A few key exchanges and a signature each, so that a storm
/// of them takes two hundredths of a core; and a thousand offices behind one address are back within a minute after the province was away.
pub const KNOCKS_PER_S: u64 = 20;
/// And in reserve.
pub const KNOCKS_BURST: u64 = 256;
/// Handshakes with one address that are under way at one time: a thirtieth of all, so that some that never go on leave room for others.
pub const KNOCKS_PENDING_MAX: usize = 16;
/// Handshakes under way at one time with all addresses together: those that are accepted in a second, where a line of 300 ms needs one for
/// each.
pub const HANDSHAKES_PENDING_MAX: u32 = 512;
/// TCP connections that are accepted in a second, whoever they are from: what comes beyond waits in the queue of the kernel, which costs nothing
/// here, and the kernel drops what does not fit into it. One that is turned away at once costs some thirty microseconds, so a storm of
/// them takes about two hundredths of a core; and a province's 1,000 offices are back within two seconds after the power was.
pub const ACCEPTS_PER_S: u64 = 512;
/// And in reserve: what is accepted at once when nobody came for a while.
pub const ACCEPTS_BURST: u64 = 64;
/// Where none is left nothing is accepted for so long, so that a storm wakes this node twenty times a second and not for each connection.
pub const ACCEPT_PAUSE_MS: u64 = 50;
/// Handshakes that are begun in a second, in all, with addresses for which there is no room in the table. Whoever can make up addresses fills it;
/// some of those that are turned away come again and are let in.
pub const KNOCKS_UNKNOWN_PER_S: u64 = 64;
/// And in reserve.
pub const KNOCKS_UNKNOWN_BURST: u64 = 256;
/// Questions to join in a second, from one key that was never enrolled. A few are enough: an office asks every 15 s.
pub const JOINS_PER_S: u64 = 1;
/// And in reserve.
pub const JOINS_BURST: u64 = 8;
/// Keys that were never enrolled and are remembered while they ask. All others together have what one of them has.
pub const STRANGERS_MAX: usize = 1_024;
/// Addresses that are remembered while they knock.
pub const KNOCKING_ADDRESSES_MAX: usize = 4_096;
