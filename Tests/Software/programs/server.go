// What all servers here say: server PORT [CERTIFICATE KEY].
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
)

type item struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

func send(writer http.ResponseWriter, status int, value any) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(status)
	json.NewEncoder(writer).Encode(value)
}

func main() {
	http.HandleFunc("/items/", func(writer http.ResponseWriter, request *http.Request) {
		number, err := strconv.Atoi(strings.TrimPrefix(request.URL.Path, "/items/"))
		if err != nil {
			send(writer, 404, map[string]string{"error": "no such thing"})
			return
		}
		send(writer, 200, item{number, "item " + strconv.Itoa(number)})
	})
	http.HandleFunc("/echo", func(writer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			log.Fatal(err)
		}
		writer.Write(body)
	})
	http.HandleFunc("/large", func(writer http.ResponseWriter, request *http.Request) {
		send(writer, 200, map[string]string{"text": strings.Repeat("x", 300_000)})
	})
	address := "127.0.0.1:" + os.Args[1]
	if len(os.Args) > 2 {
		log.Fatal(http.ListenAndServeTLS(address, os.Args[2], os.Args[3], nil))
	}
	log.Fatal(http.ListenAndServe(address, nil))
}
