// What all clients here ask: client PORT [CERTIFICATE]; it trusts what SSL_CERT_FILE has.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
)

func ask(path string, wanted int, body string) string {
	url := "http://127.0.0.1:" + os.Args[1] + path
	if len(os.Args) > 2 {
		url = "https://127.0.0.1:" + os.Args[1] + path
	}
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != wanted {
		log.Fatal(path, response.Status, err)
	}
	return string(text)
}

func main() {
	for number := 1; number <= 20; number++ {
		ask(fmt.Sprint("/items/", number), 200, "")
	}
	text := strings.Repeat("y", 200_000)
	if ask("/echo", 200, text) != text || len(ask("/large", 200, "")) < 300_000 {
		log.Fatal("another text")
	}
	ask("/missing", 404, "")
	var all sync.WaitGroup
	for number := 0; number < 10; number++ {
		all.Add(1)
		go func(number int) {
			defer all.Done()
			ask(fmt.Sprint("/items/", number), 200, "")
		}(number)
	}
	all.Wait()
}
