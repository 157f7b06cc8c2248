// tokio workloads. usage: tokiobench <ct|mt> <workload> [args]; prints: workload N seconds rate [extra]
use futures::stream::{FuturesUnordered, StreamExt};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch, Mutex, Semaphore};
use tokio::task::{spawn, spawn_blocking, yield_now};

/// As much of n as BENCHMARK_PART says, from 0 to 1.
fn sized(n: u64) -> u64 {
    let part = std::env::var("BENCHMARK_PART").ok().and_then(|part| part.parse().ok()).unwrap_or(1.0f64);
    ((n as f64 * part).round() as u64).max(1)
}

fn report(name: &str, n: u64, t: Instant, extra: String) {
    let s = t.elapsed().as_secs_f64();
    println!("{name} {n} {s:.4} {:.0}{extra}", n as f64 / s);
}

async fn w_spawn() {
    let (n, batch, mut total) = (sized(1_000_000), 1000u64, 0u64);
    let t = Instant::now();
    for _ in 0..n / batch {
        let hs: Vec<_> = (0..batch).map(|i| spawn(async move { i })).collect();
        for h in hs {
            total += h.await.unwrap();
        }
    }
    report("spawn", n, t, String::new());
    assert_eq!(total, n / batch * (batch * (batch - 1) / 2));
}

async fn w_yield() {
    let turns = sized(10_000);
    let t = Instant::now();
    let hs: Vec<_> = (0..100)
        .map(|_| {
            spawn(async move {
                for _ in 0..turns {
                    yield_now().await
                }
            })
        })
        .collect();
    for h in hs {
        h.await.unwrap();
    }
    report("yield", 100 * turns, t, String::new());
}

async fn w_pingpong() {
    let rounds = sized(500_000);
    let (atx, mut arx) = mpsc::channel::<u64>(1);
    let (btx, mut brx) = mpsc::channel::<u64>(1);
    let t = Instant::now();
    let pong = spawn(async move {
        while let Some(v) = arx.recv().await {
            btx.send(v).await.unwrap();
        }
    });
    let ping = spawn(async move {
        let mut s = 0;
        for i in 0..rounds {
            atx.send(i).await.unwrap();
            s += brx.recv().await.unwrap();
        }
        s
    });
    let s = ping.await.unwrap();
    pong.await.unwrap();
    report("pingpong", 2 * rounds, t, String::new());
    assert_eq!(s, rounds * (rounds - 1) / 2);
}

async fn w_queue() {
    let n = sized(1_000_000);
    let (tx, rx) = async_channel::bounded::<u64>(100);
    let t = Instant::now();
    let cs: Vec<_> = (0..3)
        .map(|_| {
            let rx = rx.clone();
            spawn(async move {
                let mut s = 0;
                while let Ok(v) = rx.recv().await {
                    s += v;
                }
                s
            })
        })
        .collect();
    let p = spawn(async move {
        for i in 0..n {
            tx.send(i).await.unwrap();
        }
    });
    p.await.unwrap();
    let mut total = 0;
    for c in cs {
        total += c.await.unwrap();
    }
    report("queue", n, t, String::new());
    assert_eq!(total, n * (n - 1) / 2);
}

// Ten thousand files of 1 KiB, read whole a hundred at a time, five times over.
async fn w_files() {
    let directory = std::path::PathBuf::from(format!("/var/tmp/tokiobench-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    for i in 0..10_000 {
        std::fs::write(directory.join(i.to_string()), [120u8; 1024]).unwrap();
    }
    let mut t = Instant::now();
    for round in 0..6 {
        if round == 1 {
            t = Instant::now();
        }
        let reads = futures::stream::iter((0..10_000).map(|i| tokio::fs::read(directory.join(i.to_string()))));
        let contents: Vec<_> = futures::StreamExt::collect(futures::StreamExt::buffer_unordered(reads, 100)).await;
        assert!(contents.iter().all(|c| c.as_ref().unwrap().len() == 1024));
    }
    report("files", 50_000, t, String::new());
    std::fs::remove_dir_all(&directory).unwrap();
}

async fn w_semaphore() {
    let (sem, rounds) = (Arc::new(Semaphore::new(10)), sized(1000));
    let t = Instant::now();
    let hs: Vec<_> = (0..1000)
        .map(|_| {
            let sem = sem.clone();
            spawn(async move {
                for _ in 0..rounds {
                    let _p = sem.acquire().await.unwrap();
                    yield_now().await;
                }
            })
        })
        .collect();
    for h in hs {
        h.await.unwrap();
    }
    report("semaphore", 1000 * rounds, t, String::new());
}

// A mutex that nobody else wants.
async fn w_lock() {
    let n = sized(5_000_000);
    let mutex = Mutex::new(0u64);
    let t = Instant::now();
    for _ in 0..n {
        *mutex.lock().await += 1;
    }
    report("lock", n, t, String::new());
    assert_eq!(*mutex.lock().await, n);
}

async fn w_lockcontended() {
    let (mutex, rounds) = (Arc::new(Mutex::new(())), sized(10_000));
    let t = Instant::now();
    let hs: Vec<_> = (0..100)
        .map(|_| {
            let mutex = mutex.clone();
            spawn(async move {
                for _ in 0..rounds {
                    let _guard = mutex.lock().await;
                    yield_now().await;
                }
            })
        })
        .collect();
    for h in hs {
        h.await.unwrap();
    }
    report("lockcontended", 100 * rounds, t, String::new());
}

// A thousand tasks that wait for the same value to change, again and again: the last to wake lets the next change.
async fn w_event() {
    let (tasks, rounds) = (1000u64, sized(1000));
    let (happens, receiver) = watch::channel(0u64);
    let all_awake = Arc::new(tokio::sync::Notify::new());
    let awake = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let hs: Vec<_> = (0..tasks)
        .map(|_| {
            let (mut happens, all_awake, awake) = (receiver.clone(), all_awake.clone(), awake.clone());
            spawn(async move {
                for _ in 0..rounds {
                    happens.changed().await.unwrap();
                    if (awake.fetch_add(1, std::sync::atomic::Ordering::AcqRel) + 1) % tasks == 0 {
                        all_awake.notify_one();
                    }
                }
            })
        })
        .collect();
    yield_now().await;
    let t = Instant::now();
    for round in 0..rounds {
        happens.send(round + 1).unwrap();
        all_awake.notified().await;
    }
    for h in hs {
        h.await.unwrap();
    }
    report("event", tasks * rounds, t, String::new());
}

// The curves: the same work at sizes from one to a million, as often as it takes to be measured.
fn curve(name: &str, n: u64, t: Instant) {
    report(name, n, t, format!(" rss_mib={}", rusage().0));
}

fn shuffled(size: usize) -> Vec<usize> {
    let (mut order, mut x): (Vec<usize>, u64) = ((0..size).collect(), 12345);
    for i in (1..size).rev() {
        x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        order.swap(i, (x >> 33) as usize % (i + 1));
    }
    order
}

async fn curve_tasks(size: u64) {
    let rounds = (300_000 / size).max(1);
    let t = Instant::now();
    for _ in 0..rounds {
        let hs: Vec<_> = (0..size)
            .map(|i| {
                spawn(async move {
                    yield_now().await;
                    i
                })
            })
            .collect();
        for h in hs {
            h.await.unwrap();
        }
    }
    curve("curve-tasks", rounds * size, t);
}

async fn curve_timers(size: u64) {
    let (rounds, order) = ((500_000 / size).max(1), shuffled(size as usize));
    let t = Instant::now();
    for _ in 0..rounds {
        let mut timers = Vec::with_capacity(size as usize);
        for i in 0..size {
            let mut s = Box::pin(tokio::time::sleep(Duration::from_secs(100) + Duration::from_micros(10 * i)));
            assert!(futures::poll!(s.as_mut()).is_pending()); // registers the timer
            timers.push(Some(s));
        }
        for &i in &order {
            timers[i] = None; // cancels it
        }
        yield_now().await;
    }
    curve("curve-timers", rounds * size, t);
}

async fn curve_queue(size: u64) {
    let rounds = (2_000_000 / size).max(1);
    let (tx, rx) = async_channel::unbounded::<u64>();
    let t = Instant::now();
    for _ in 0..rounds {
        for i in 0..size {
            tx.send(i).await.unwrap();
        }
        let mut total = 0;
        for _ in 0..size {
            total += rx.recv().await.unwrap();
        }
        assert_eq!(total, size * (size - 1) / 2);
    }
    curve("curve-queue", rounds * size, t);
}

async fn curve_waiters(size: u64) {
    let (rounds, order) = ((100_000 / size).max(1), shuffled(size as usize));
    let t = Instant::now();
    for _ in 0..rounds {
        let semaphore = Arc::new(Semaphore::new(0));
        let waiting = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let hs: Vec<_> = (0..size)
            .map(|_| {
                let (semaphore, waiting) = (semaphore.clone(), waiting.clone());
                spawn(async move {
                    waiting.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
                    drop(semaphore.acquire().await);
                })
            })
            .collect();
        while waiting.load(std::sync::atomic::Ordering::Acquire) < size {
            yield_now().await;
        }
        for &i in &order {
            hs[i].abort();
        }
        for h in hs {
            assert!(h.await.unwrap_err().is_cancelled());
        }
    }
    curve("curve-waiters", rounds * size, t);
}

fn rusage() -> (i64, f64) {
    unsafe {
        let mut ru: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut ru);
        let f = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
        (ru.ru_maxrss / 1024, f(ru.ru_utime) + f(ru.ru_stime))
    }
}

async fn w_sleep1m() {
    let n = sized(1_000_000);
    let mut x = 12345u64;
    let t = Instant::now();
    let hs: Vec<_> = (0..n)
        .map(|_| {
            x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let d = 1.0 + 4.0 * ((x >> 33) as f64 / 2147483648.0);
            spawn(tokio::time::sleep(Duration::from_secs_f64(d)))
        })
        .collect();
    for h in hs {
        h.await.unwrap();
    }
    let el = t;
    let (rss, cpu) = rusage();
    report("sleep1m", n, el, format!(" rss_mib={rss} cpu={cpu:.2}"));
}

async fn w_timers() {
    let (rounds, n) = (sized(10), 100_000u64);
    let t = Instant::now();
    for _ in 0..rounds {
        let mut v = Vec::with_capacity(n as usize);
        for i in 0..n {
            let mut s = Box::pin(tokio::time::sleep(Duration::from_secs(10) + Duration::from_micros(10 * i)));
            assert!(futures::poll!(s.as_mut()).is_pending()); // registers the timer
            v.push(s);
        }
        drop(v); // cancels them
        yield_now().await;
    }
    report("timers", rounds * n, t, String::new());
}

#[inline(never)]
async fn ready(i: u64) -> u64 {
    i
}

async fn w_timeout() {
    let (n, mut s) = (sized(1_000_000), 0u64);
    let t = Instant::now();
    for i in 0..n {
        s += tokio::time::timeout(Duration::from_secs(10), ready(i)).await.unwrap();
    }
    report("timeout", n, t, String::new());
    assert_eq!(s, n * (n - 1) / 2);
}

async fn w_race() {
    let (n, mut s) = (sized(100_000), 0u64);
    let t = Instant::now();
    for i in 0..n {
        // no tasks: both futures are polled by this one, and the loser is dropped
        s += tokio::select! {
            v = async { yield_now().await; i } => v,
            _ = tokio::time::sleep(Duration::from_secs(10)) => 0,
        };
    }
    report("race", n, t, String::new());
    assert_eq!(s, n * (n - 1) / 2);
}

async fn w_ascompleted() {
    let (n, batch, mut total) = (sized(1_000_000), 1000u64, 0u64);
    let t = Instant::now();
    for _ in 0..n / batch {
        // no tasks here either
        let mut results: FuturesUnordered<_> = (0..batch)
            .map(|i| async move {
                yield_now().await;
                i
            })
            .collect();
        while let Some(v) = results.next().await {
            total += v;
        }
    }
    report("ascompleted", n, t, String::new());
    assert_eq!(total, n / batch * (batch * (batch - 1) / 2));
}

async fn w_generator() {
    let (n, mut total) = (sized(1_000_000), 0u64);
    let t = Instant::now();
    // no generators: a channel of one, so that the producer is at most one value ahead
    let (tx, mut rx) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        for i in 0..n {
            tx.send(i).await.unwrap();
        }
    });
    while let Some(i) = rx.recv().await {
        total += i;
    }
    report("generator", n, t, String::new());
    assert_eq!(total, n * (n - 1) / 2);
}

async fn w_blocking() {
    let (n, mut s) = (sized(100_000), 0u64);
    let t = Instant::now();
    for _ in 0..n {
        s += spawn_blocking(|| 1u64).await.unwrap();
    }
    report("blocking", n, t, String::new());
    assert_eq!(s, n);
}

async fn w_blocking100() {
    let calls = sized(1000);
    let t = Instant::now();
    let hs: Vec<_> = (0..100)
        .map(|_| {
            spawn(async move {
                for _ in 0..calls {
                    spawn_blocking(|| 1u64).await.unwrap();
                }
            })
        })
        .collect();
    for h in hs {
        h.await.unwrap();
    }
    report("blocking100", 100 * calls, t, String::new());
}

async fn w_blockers() {
    let blockers = spawn(async {
        let hs: Vec<_> = (0..16).map(|_| spawn_blocking(|| std::thread::sleep(Duration::from_secs(2)))).collect();
        for h in hs {
            h.await.unwrap();
        }
    });
    let mut longest = Duration::ZERO;
    while !blockers.is_finished() {
        let t = Instant::now();
        tokio::time::sleep(Duration::from_millis(1)).await;
        longest = longest.max(t.elapsed().saturating_sub(Duration::from_millis(1)));
    }
    let s = longest.as_secs_f64();
    println!("blockers 1 {s:.4} {:.0}", 1.0 / s);
}

async fn echo(port: u16) {
    let l = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (mut s, _) = l.accept().await.unwrap();
        s.set_nodelay(true).unwrap(); // asyncio, uvloop and Go set it by default; without it 100 KiB echoes stall 40 ms (delayed ACK)
        spawn(async move {
            let mut buf = vec![0u8; 262144];
            loop {
                match s.read(&mut buf).await {
                    Ok(0) | Err(_) => return,
                    Ok(n) => {
                        if s.write_all(&buf[..n]).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
    }
}

#[cfg(feature = "http")]
async fn http(conc: usize, n: u64) {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(conc)
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    let (next, ok) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let t = Instant::now();
    let hs: Vec<_> = (0..conc)
        .map(|_| {
            let (c, next, ok) = (client.clone(), next.clone(), ok.clone());
            spawn(async move {
                while next.fetch_add(1, Relaxed) < n {
                    let r = c.get("http://127.0.0.1:18080/hello").send().await.unwrap();
                    if r.status() == 200 && r.bytes().await.unwrap().len() == 100 {
                        ok.fetch_add(1, Relaxed);
                    }
                }
            })
        })
        .collect();
    for h in hs {
        h.await.unwrap();
    }
    report(&format!("http-reqwest-c{conc}"), n, t, String::new());
    assert_eq!(ok.load(Relaxed), n);
}

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut b = if a[1] == "ct" {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    // the root is spawned, so that under mt it runs on a worker (block_on's own thread is outside the pool)
    b.enable_all().build().unwrap().block_on(async move {
        spawn(async move {
            let num = |i: usize| a[i].parse::<u64>().unwrap();
            match a[2].as_str() {
                "spawn" => w_spawn().await,
                "yield" => w_yield().await,
                "pingpong" => w_pingpong().await,
                "queue" => w_queue().await,
                "files" => w_files().await,
                "semaphore" => w_semaphore().await,
                "lock" => w_lock().await,
                "lockcontended" => w_lockcontended().await,
                "event" => w_event().await,
                "curve-tasks" => curve_tasks(num(3)).await,
                "curve-timers" => curve_timers(num(3)).await,
                "curve-queue" => curve_queue(num(3)).await,
                "curve-waiters" => curve_waiters(num(3)).await,
                "sleep1m" => w_sleep1m().await,
                "timers" => w_timers().await,
                "timeout" => w_timeout().await,
                "race" => w_race().await,
                "ascompleted" => w_ascompleted().await,
                "generator" => w_generator().await,
                "blocking" => w_blocking().await,
                "blocking100" => w_blocking100().await,
                "blockers" => w_blockers().await,
                "echo" => echo(num(3) as u16).await,
                #[cfg(feature = "http")]
                "http" => http(num(3) as usize, num(4)).await,
                _ => {
                    eprintln!("unknown workload");
                    std::process::exit(64)
                }
            }
        })
        .await
        .unwrap()
    });
}
