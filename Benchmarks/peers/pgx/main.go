// PostgreSQL with pgx.  usage: pgxbench <pgselect|pgselect10|pginsert|pgrows>
// prints one line:  workload N seconds rate
package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func report(name string, n int, start time.Time) {
	seconds := time.Since(start).Seconds()
	fmt.Println(name, n, seconds, int(float64(n)/seconds))
}

func main() {
	ctx := context.Background()
	address := os.Getenv("ASYNCIO_POSTGRES")
	workload := os.Args[1]
	if workload == "pgselect10" {
		pool, err := pgxpool.Connect(ctx, address+" pool_max_conns=10 pool_min_conns=10")
		check(err)
		defer pool.Close()
		start := time.Now()
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				for i := range 200 {
					var answer int
					check(pool.QueryRow(ctx, "SELECT $1::int + 1", i).Scan(&answer))
					if answer != i+1 {
						panic("wrong")
					}
				}
			})
		}
		group.Wait()
		report(workload, 20000, start)
		return
	}
	c, err := pgx.Connect(ctx, address)
	check(err)
	defer c.Close(ctx)
	start := time.Now()
	switch workload {
	case "pgselect":
		for i := range 20000 {
			var answer int
			check(c.QueryRow(ctx, "SELECT $1::int + 1", i).Scan(&answer))
			if answer != i+1 {
				panic("wrong")
			}
		}
		report(workload, 20000, start)
	case "pginsert":
		_, err = c.Exec(ctx, "CREATE TEMP TABLE t (id int, name text)")
		check(err)
		start = time.Now()
		for first := 0; first < 50000; first += 1000 {
			batch := &pgx.Batch{}
			for i := first; i < first+1000; i++ {
				batch.Queue("INSERT INTO t VALUES ($1, $2)", i, fmt.Sprintf("name of %d", i))
			}
			check(c.SendBatch(ctx, batch).Close())
		}
		report(workload, 50000, start)
	case "pgrows":
		type row struct {
			ID   int
			Name string
			X    float64
		}
		rows, err := c.Query(ctx, "SELECT n AS id, 'name of ' || n AS name, n * 0.5::float8 AS x FROM generate_series(1, 500000) n")
		check(err)
		var all []row
		for rows.Next() {
			var r row
			check(rows.Scan(&r.ID, &r.Name, &r.X))
			all = append(all, r)
		}
		check(rows.Err())
		sum := 0
		for _, r := range all {
			sum += r.ID + len(r.Name)
		}
		if sum <= 0 {
			panic("wrong")
		}
		report(workload, 500000, start)
	default:
		os.Exit(64)
	}
}
