// Go workloads.  usage: gobench <workload> [args]; prints: workload N seconds rate [extra]
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math"
	"math/rand"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func report(name string, n int, d time.Duration, extra string) {
	s := d.Seconds()
	fmt.Printf("%s %d %.4f %.0f%s\n", name, n, s, float64(n)/s, extra)
}

// As much of n as BENCHMARK_PART says, from 0 to 1.
func sized(n int) int {
	if part, err := strconv.ParseFloat(os.Getenv("BENCHMARK_PART"), 64); err == nil {
		return max(1, int(math.Round(float64(n)*part)))
	}
	return n
}

func must(ok bool) {
	if !ok {
		panic("check failed")
	}
}

func spawn() {
	n, batch := sized(1_000_000), 1000
	total := 0
	t := time.Now()
	for b := 0; b < n/batch; b++ {
		var wg sync.WaitGroup
		res := make([]int, batch)
		wg.Add(batch)
		for i := 0; i < batch; i++ {
			go func(i int) { defer wg.Done(); res[i] = i }(i)
		}
		wg.Wait()
		for _, v := range res {
			total += v
		}
	}
	report("spawn", n, time.Since(t), "")
	must(total == (n/batch)*(batch*(batch-1)/2))
}

func yield() {
	var wg sync.WaitGroup
	turns := sized(10_000)
	t := time.Now()
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < turns; j++ {
				runtime.Gosched()
			}
		}()
	}
	wg.Wait()
	report("yield", 100*turns, time.Since(t), "")
}

func pingpong() {
	rounds := sized(500_000)
	a, b := make(chan int, 1), make(chan int, 1)
	t := time.Now()
	go func() {
		for v := range a {
			b <- v
		}
	}()
	s := 0
	for i := 0; i < rounds; i++ {
		a <- i
		s += <-b
	}
	close(a)
	report("pingpong", 2*rounds, time.Since(t), "")
	must(s == rounds*(rounds-1)/2)
}

func queue() {
	n := sized(1_000_000)
	q := make(chan int, 100)
	var wg sync.WaitGroup
	var total atomic.Int64
	t := time.Now()
	for c := 0; c < 3; c++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s := 0
			for v := range q {
				s += v
			}
			total.Add(int64(s))
		}()
	}
	for i := 0; i < n; i++ {
		q <- i
	}
	close(q)
	wg.Wait()
	report("queue", n, time.Since(t), "")
	must(total.Load() == int64(n*(n-1)/2))
}

// Ten thousand files of 1 KiB, read whole by a hundred goroutines, five times over.
func files() {
	directory, err := os.MkdirTemp("/var/tmp", "gobench-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(directory)
	content := make([]byte, 1024)
	for i := 0; i < 10_000; i++ {
		if err := os.WriteFile(fmt.Sprintf("%s/%d", directory, i), content, 0o600); err != nil {
			panic(err)
		}
	}
	round := func() {
		var wg sync.WaitGroup
		next := make(chan int, 100)
		for w := 0; w < 100; w++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := range next {
					if b, err := os.ReadFile(fmt.Sprintf("%s/%d", directory, i)); err != nil || len(b) != 1024 {
						panic("a file was not read whole")
					}
				}
			}()
		}
		for i := 0; i < 10_000; i++ {
			next <- i
		}
		close(next)
		wg.Wait()
	}
	round()
	t := time.Now()
	for i := 0; i < 5; i++ {
		round()
	}
	report("files", 50_000, time.Since(t), "")
}

func semaphore() {
	sem := make(chan struct{}, 10)
	var wg sync.WaitGroup
	rounds := sized(1000)
	t := time.Now()
	for i := 0; i < 1000; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < rounds; j++ {
				sem <- struct{}{}
				runtime.Gosched()
				<-sem
			}
		}()
	}
	wg.Wait()
	report("semaphore", 1000*rounds, time.Since(t), "")
}

// A mutex that nobody else wants.
func lock() {
	n, total := sized(5_000_000), 0
	var mutex sync.Mutex
	t := time.Now()
	for i := 0; i < n; i++ {
		mutex.Lock()
		total++
		mutex.Unlock()
	}
	report("lock", n, time.Since(t), "")
	must(total == n)
}

func lockcontended() {
	var mutex sync.Mutex
	var wg sync.WaitGroup
	rounds := sized(10_000)
	t := time.Now()
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < rounds; j++ {
				mutex.Lock()
				runtime.Gosched()
				mutex.Unlock()
			}
		}()
	}
	wg.Wait()
	report("lockcontended", 100*rounds, time.Since(t), "")
}

// A thousand goroutines that wait for the same channel to close, again and again: the last to wake lets the next close.
func event() {
	const tasks = 1000
	rounds := sized(1000)
	happens, allAwake := make([]chan struct{}, rounds), make([]chan struct{}, rounds)
	for i := range happens {
		happens[i], allAwake[i] = make(chan struct{}), make(chan struct{})
	}
	var awake atomic.Int64
	var wg sync.WaitGroup
	for i := 0; i < tasks; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for r := range happens {
				<-happens[r]
				if awake.Add(1)%tasks == 0 {
					close(allAwake[r])
				}
			}
		}()
	}
	runtime.Gosched()
	t := time.Now()
	for r := range happens {
		close(happens[r])
		<-allAwake[r]
	}
	wg.Wait()
	report("event", tasks*rounds, time.Since(t), "")
	must(awake.Load() == int64(tasks*rounds))
}

func sleep1m() {
	n := sized(1_000_000)
	var wg sync.WaitGroup
	wg.Add(n)
	x := uint64(12345)
	t := time.Now()
	for i := 0; i < n; i++ {
		x = x*6364136223846793005 + 1442695040888963407
		d := 1.0 + 4.0*(float64(x>>33)/2147483648.0)
		go func() { defer wg.Done(); time.Sleep(time.Duration(d * 1e9)) }()
	}
	wg.Wait()
	dt := time.Since(t)
	var ru syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	cpu := float64(ru.Utime.Sec+ru.Stime.Sec) + float64(ru.Utime.Usec+ru.Stime.Usec)/1e6
	report("sleep1m", n, dt, fmt.Sprintf(" rss_mib=%d cpu=%.2f", ru.Maxrss/1024, cpu))
}

func timers() {
	rounds, n := sized(10), 100_000
	hs := make([]*time.Timer, n)
	t := time.Now()
	for r := 0; r < rounds; r++ {
		for i := range hs {
			hs[i] = time.AfterFunc(10*time.Second+time.Duration(i)*10*time.Microsecond, func() {})
		}
		for _, h := range hs {
			h.Stop()
		}
	}
	report("timers", rounds*n, time.Since(t), "")
}

//go:noinline
func ready(ctx context.Context, i int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return i, nil
}

func timeout() {
	n := sized(1_000_000)
	s := 0
	t := time.Now()
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		v, _ := ready(ctx, i)
		s += v
		cancel()
	}
	report("timeout", n, time.Since(t), "")
	must(s == n*(n-1)/2)
}

func race() {
	n := sized(100_000)
	s := 0
	t := time.Now()
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		won := make(chan int, 2)
		var wg sync.WaitGroup
		wg.Add(2)
		go func() {
			defer wg.Done()
			runtime.Gosched()
			won <- i
		}()
		go func() {
			defer wg.Done()
			timer := time.NewTimer(10 * time.Second)
			defer timer.Stop()
			select {
			case <-timer.C:
				won <- 0
			case <-ctx.Done():
			}
		}()
		s += <-won
		cancel()
		wg.Wait()
	}
	report("race", n, time.Since(t), "")
	must(s == n*(n-1)/2)
}

func ascompleted() {
	n, batch := sized(1_000_000), 1000
	total := 0
	t := time.Now()
	for b := 0; b < n/batch; b++ {
		res := make(chan int)
		for i := 0; i < batch; i++ {
			go func() {
				runtime.Gosched()
				res <- i
			}()
		}
		for i := 0; i < batch; i++ {
			total += <-res
		}
	}
	report("ascompleted", n, time.Since(t), "")
	must(total == (n/batch)*(batch*(batch-1)/2))
}

func generator() { // an unbuffered channel: the producer is at most one value ahead
	n := sized(1_000_000)
	total := 0
	t := time.Now()
	numbers := make(chan int)
	go func() {
		defer close(numbers)
		for i := 0; i < n; i++ {
			numbers <- i
		}
	}()
	for i := range numbers {
		total += i
	}
	report("generator", n, time.Since(t), "")
	must(total == n*(n-1)/2)
}

func blocking() { // Go has no executor: a goroutine + channel round trip
	n := sized(100_000)
	ch := make(chan int)
	s := 0
	t := time.Now()
	for i := 0; i < n; i++ {
		go func() { ch <- 1 }()
		s += <-ch
	}
	report("blocking", n, time.Since(t), "")
	must(s == n)
}

func blocking100() {
	var wg sync.WaitGroup
	calls := sized(1000)
	t := time.Now()
	for k := 0; k < 100; k++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			ch := make(chan int)
			for i := 0; i < calls; i++ {
				go func() { ch <- 1 }()
				<-ch
			}
		}()
	}
	wg.Wait()
	report("blocking100", 100*calls, time.Since(t), "")
}

func blockers() {
	var wg sync.WaitGroup
	var done atomic.Bool
	for k := 0; k < 16; k++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			pause := syscall.Timespec{Sec: 2} // a system call: time.Sleep would not block the thread
			syscall.Nanosleep(&pause, nil)
		}()
	}
	go func() { wg.Wait(); done.Store(true) }()
	longest := time.Duration(0)
	for !done.Load() {
		t := time.Now()
		time.Sleep(time.Millisecond)
		longest = max(longest, time.Since(t)-time.Millisecond)
	}
	report("blockers", 1, longest, "")
}

// Lines of 64 bytes over a pair of sockets.
func lines() {
	n, line := sized(2000000), append(bytes.Repeat([]byte("x"), 63), '\n')
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(err == nil)
	end := func(fd int) net.Conn {
		f := os.NewFile(uintptr(fd), "pair")
		defer f.Close()
		c, err := net.FileConn(f)
		must(err == nil)
		return c
	}
	near, far := end(fds[0]), end(fds[1])
	block, t := bytes.Repeat(line, 1024), time.Now()
	go func() {
		for left := n; left > 0; {
			count := min(left, 1024)
			if _, err := near.Write(block[:count*len(line)]); err != nil {
				panic(err)
			}
			left -= count
		}
		near.Close()
	}()
	seen := 0
	for r := bufio.NewReaderSize(far, 16384); ; seen++ {
		got, err := r.ReadBytes('\n')
		if err != nil {
			break
		}
		must(len(got) == 64)
	}
	must(seen == n)
	report("lines", n, time.Since(t), "")
}

func echo(port string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		panic(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 262144)
			for {
				n, err := c.Read(buf)
				if n > 0 {
					if _, e := c.Write(buf[:n]); e != nil {
						return
					}
				}
				if err != nil {
					return
				}
			}
		}()
	}
}

func httpc(conc, n int, url string, configuration *tls.Config) {
	tr := &http.Transport{MaxIdleConns: conc, MaxIdleConnsPerHost: conc, MaxConnsPerHost: conc, TLSClientConfig: configuration}
	client := &http.Client{Transport: tr, Timeout: 60 * time.Second}
	var next, ok atomic.Int64
	var wg sync.WaitGroup
	t := time.Now()
	for k := 0; k < conc; k++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for next.Add(1) <= int64(n) {
				r, err := client.Get(url)
				if err != nil {
					panic(err)
				}
				b, _ := io.ReadAll(r.Body)
				r.Body.Close()
				if r.StatusCode == 200 && len(b) == 100 {
					ok.Add(1)
				}
			}
		}()
	}
	wg.Wait()
	report(fmt.Sprintf("http-net/http-c%d", conc), n, time.Since(t), "")
	must(ok.Load() == int64(n))
}

// The curves: the same work at sizes from one to a million, as often as it takes to be measured.
func curve(name string, size, atLeast int, body func()) {
	rounds := max(1, atLeast/size)
	t := time.Now()
	for i := 0; i < rounds; i++ {
		body()
	}
	d := time.Since(t)
	var ru syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	report(name, rounds*size, d, fmt.Sprintf(" rss_mib=%d", ru.Maxrss/1024))
}

func curveTasks(size int) {
	curve("curve-tasks", size, 300_000, func() {
		var wg sync.WaitGroup
		results := make([]int, size)
		wg.Add(size)
		for i := 0; i < size; i++ {
			go func() {
				defer wg.Done()
				runtime.Gosched()
				results[i] = i
			}()
		}
		wg.Wait()
	})
}

func curveTimers(size int) {
	order := rand.New(rand.NewSource(12345)).Perm(size)
	timers := make([]*time.Timer, size)
	curve("curve-timers", size, 500_000, func() {
		for i := range timers {
			timers[i] = time.AfterFunc(100*time.Second+time.Duration(i)*10*time.Microsecond, func() {})
		}
		for _, i := range order {
			timers[i].Stop()
		}
	})
}

func curveQueue(size int) {
	queue := make(chan int, size)
	curve("curve-queue", size, 2_000_000, func() {
		for i := 0; i < size; i++ {
			queue <- i
		}
		total := 0
		for i := 0; i < size; i++ {
			total += <-queue
		}
		must(total == size*(size-1)/2)
	})
}

func curveWaiters(size int) {
	order := rand.New(rand.NewSource(12345)).Perm(size)
	cancels := make([]context.CancelFunc, size)
	curve("curve-waiters", size, 100_000, func() {
		permits := make(chan struct{})
		var wg sync.WaitGroup
		var waiting atomic.Int64
		wg.Add(size)
		for i := range cancels {
			ctx, cancel := context.WithCancel(context.Background())
			cancels[i] = cancel
			go func() {
				defer wg.Done()
				waiting.Add(1)
				select {
				case <-permits:
					panic("a permit that nobody gave")
				case <-ctx.Done():
				}
			}()
		}
		for waiting.Load() < int64(size) {
			runtime.Gosched()
		}
		for _, i := range order {
			cancels[i]()
		}
		wg.Wait()
	})
}

func tlsConfigurations() (*tls.Config, *tls.Config) {
	_, file, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(file), "../../../Tests/AsyncIOTLSTests/Certificates")
	certificate, err := tls.LoadX509KeyPair(filepath.Join(folder, "server.pem"), filepath.Join(folder, "server.key.pem"))
	if err != nil {
		panic(err)
	}
	authority, err := os.ReadFile(filepath.Join(folder, "authority.pem"))
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	must(pool.AppendCertsFromPEM(authority))
	return &tls.Config{Certificates: []tls.Certificate{certificate}}, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}

// Runs body, at most atOnce at a time, for each of n connections to a server in this program that echoes.
func tlsRun(n int, message []byte, count int, shake bool, atOnce int) time.Duration {
	server, client := tlsConfigurations()
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{c}, make([]byte, 65536))
			}()
		}
	}()
	connect := func() *tls.Conn {
		c, err := tls.Dial("tcp", l.Addr().String(), client)
		if err != nil {
			panic(err)
		}
		return c
	}
	work := func(c *tls.Conn) {
		answer := make([]byte, len(message))
		for i := 0; i < count; i++ {
			if _, err := c.Write(message); err != nil {
				panic(err)
			}
			if _, err := io.ReadFull(c, answer); err != nil {
				panic(err)
			}
			must(bytes.Equal(answer, message))
		}
		c.Close()
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	connections := make([]*tls.Conn, n)
	if !shake {
		for i := range connections {
			connections[i] = connect()
		}
	}
	t := time.Now()
	for k := 0; k < atOnce; k++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if shake {
					work(connect())
				} else {
					work(connections[i])
				}
			}
		}()
	}
	wg.Wait()
	return time.Since(t)
}

func tlsEcho() {
	report("tls", 20_000, tlsRun(16, make([]byte, 16384), 1250, false, 16), "")
}

func tlsHandshake() {
	report("tlshandshake", 2000, tlsRun(2000, []byte("hello"), 1, true, 16), "")
}

func main() {
	a := os.Args
	switch a[1] {
	case "echo":
		echo(a[2])
	case "http":
		c, _ := strconv.Atoi(a[2])
		n, _ := strconv.Atoi(a[3])
		httpc(c, n, "http://127.0.0.1:18080/hello", nil)
	case "https":
		c, _ := strconv.Atoi(a[2])
		n, _ := strconv.Atoi(a[3])
		_, client := tlsConfigurations()
		// HTTP/1.1, as the others speak it.
		client.NextProtos = []string{"http/1.1"}
		httpc(c, n, "https://127.0.0.1:18443/hello", client)
	case "curve-tasks", "curve-timers", "curve-queue", "curve-waiters":
		size, _ := strconv.Atoi(a[2])
		map[string]func(int){"curve-tasks": curveTasks, "curve-timers": curveTimers, "curve-queue": curveQueue, "curve-waiters": curveWaiters}[a[1]](size)
	default:
		workloads := map[string]func(){"spawn": spawn, "yield": yield, "pingpong": pingpong, "queue": queue,
			"semaphore": semaphore, "lock": lock, "lockcontended": lockcontended, "event": event, "files": files, "sleep1m": sleep1m, "timers": timers, "timeout": timeout, "race": race, "ascompleted": ascompleted, "generator": generator,
			"blocking": blocking, "blocking100": blocking100, "blockers": blockers,
			"tls": tlsEcho, "tlshandshake": tlsHandshake, "lines": lines}
		workload, known := workloads[a[1]]
		if !known {
			fmt.Fprintln(os.Stderr, "unknown workload")
			os.Exit(64)
		}
		workload()
	}
}
