// A client of Go's own: prints the status of the answer to each URL of its input, or 0 where there is none.
package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	timeout, err := time.ParseDuration(os.Args[1])
	if err != nil {
		panic(err)
	}
	client := &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	urls := make(chan string)
	var workers sync.WaitGroup
	var printing sync.Mutex
	for i := 0; i < 200; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for url := range urls {
				status := 0
				response, err := client.Post(url, "application/json", strings.NewReader("{}"))
				if err == nil {
					status = response.StatusCode
					response.Body.Close()
				}
				printing.Lock()
				fmt.Println(url, status)
				printing.Unlock()
			}
		}()
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		urls <- lines.Text()
	}
	close(urls)
	workers.Wait()
}
