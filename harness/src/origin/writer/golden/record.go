// Records what net/http puts on the wire for every program below, one text per program.
//
//	GO111MODULE=on GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local go run record.go FOLDER
//
// without a go.mod, which would select older GODEBUG defaults. Run it with each Go version into the same folder: a section that
// is equal in several versions is written once, under all their names.
//
// A program is a request: its query is the list of calls that the handler makes, separated by commas. The reader sends all its
// octets, half-closes, and reads to the end. Most programs add a second request, so that the text shows whether the connection
// was kept.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

type program struct{ name, request string }

const probe = "GET /?s204 HTTP/1.1\r\nHost: mve.test\r\n\r\n"

func request(method, calls, version, fields, content string) string {
	return method + " /?" + calls + " " + version + "\r\nHost: mve.test\r\n" + fields + "\r\n" + content
}

func get(calls string) string  { return request("GET", calls, "HTTP/1.1", "", "") + probe }
func head(calls string) string { return request("HEAD", calls, "HTTP/1.1", "", "") + probe }
func old(calls string) string  { return request("GET", calls, "HTTP/1.0", "", "") + probe }
func oldKept(calls string) string {
	return request("GET", calls, "HTTP/1.0", "Connection: keep-alive\r\n", "") + probe
}
func closing(calls string) string {
	return request("GET", calls, "HTTP/1.1", "Connection: close\r\n", "") + probe
}
func post(calls string, n int) string {
	return request("POST", calls, "HTTP/1.1", fmt.Sprintf("Content-Length: %d\r\n", n), strings.Repeat("q", n)) + probe
}
func postChunked(calls string) string {
	return request("POST", calls, "HTTP/1.1", "Transfer-Encoding: chunked\r\n", "5\r\nqqqqq\r\n3\r\nqqq\r\n0\r\n\r\n") + probe
}
func expecting(calls string, n int) string {
	return request("POST", calls, "HTTP/1.1", fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n", n), strings.Repeat("q", n)) + probe
}

var programs = []program{
	// framing: what is decided when
	{"nothing", get("")},
	{"status_alone", get("s404")},
	{"flush_alone", get("f")},
	{"zero_octets", get("w0")},
	{"small", get("w10")},
	{"small_in_pieces", get("w10,w20,w30")},
	{"content_2047", get("w2047")},
	{"content_2048", get("w2048")},
	{"content_2049", get("w2049")},
	{"content_2047_and_1", get("w2047,w1")},
	{"content_2047_and_2", get("w2047,w2")},
	{"content_2048_and_1", get("w2048,w1")},
	{"content_1000_and_3000", get("w1000,w3000")},
	{"content_1000_and_5000", get("w1000,w5000")},
	{"content_3000_and_1000", get("w3000,w1000")},
	{"content_4095", get("w4095")},
	{"content_4096", get("w4096")},
	{"content_4097", get("w4097")},
	{"content_10000", get("w10000")},
	{"content_10000_in_pieces_of_1000", get("w1000,w1000,w1000,w1000,w1000,w1000,w1000,w1000,w1000,w1000")},
	{"content_fills_the_connection_buffer", get("hContent-Type=a/b,f,w4087,f")},
	{"content_exceeds_the_connection_buffer", get("hContent-Type=a/b,f,w4088,f,w4089,f,w4090,f,w4091,f")},
	{"content_bypasses_the_connection_buffer", get("hContent-Type=a/b,f,w20000,w1,f")},
	{"flush_first", get("f,w10,f")},
	{"flush_between", get("w10,f,w20,f")},
	{"flush_twice", get("w10,f,f,w1")},
	{"flush_at_the_end", get("w10,f")},
	{"flush_after_2048", get("w2048,f,w2049,f")},
	{"event_stream", get("hContent-Type=text/event-stream,f,t646174613a206f6e650a0a,f,t646174613a2074776f0a0a,f")},
	// status and fields
	{"status_after_write", get("w10,s404")},
	{"status_after_flush", get("f,s404,w10")},
	{"status_twice", get("s404,s500,w10")},
	{"status_201_then_content", get("s201,w10")},
	{"status_unknown", get("s299,w1")},
	{"status_413", get("s413,w1")},
	{"status_204_with_content", get("s204,w10,f")},
	{"status_304_with_fields", get("hContent-Type=a/b,hContent-Length=10,hEtag=%22e%22,s304,w10")},
	{"status_103", get("hLink=a,s103,hContent-Type=a/b,s200,w10")},
	{"status_100", get("s100,w10")},
	{"status_102_twice", get("s102,s102,f")},
	{"status_101", get("hUpgrade=x,hConnection=Upgrade,s101,f")},
	{"field_after_write", get("w10,hX-Late=1,gX-Late")},
	{"field_after_flush", get("w10,f,hX-Late=1,gX-Late,w10")},
	{"field_after_status", get("s200,hX-Late=1,w10")},
	{"field_after_informational", get("hX-Early=1,s103,hX-Late=1,w10")},
	{"field_added_twice", get("aX-A=1,aX-A=2,w1")},
	{"field_deleted", get("hX-A=1,dX-A,w1")},
	{"field_with_line_break", get("hX-A=a%0d%0aX-B:b%20,w1")},
	{"content_type_after_write", get("w10,hContent-Type=a/b")},
	{"field_connection_added_twice", get("aConnection=x,aConnection=y,w1")},
	{"field_connection_added_twice_close_asked", closing("aConnection=close%2C%20x,aConnection=x%2C%20close,w1")},
	{"field_with_control_octet", get("hX-A=a%01b,w1")},
	{"field_lines_with_control_octet", get("aX-A=a,aX-A=b%01,aX-A=c,w1")},
	{"field_with_invalid_name", get("hX%20A=a,w1")},
	{"field_in_lower_case", get("hx-lower=a,w1,gX-LOWER")},
	{"date_given", get("hDate=today,w1")},
	// the media type
	{"sniff_html", get("t203c68746d6c3e")},
	{"sniff_json", get("t7b7d")},
	{"sniff_binary", get("t00010203")},
	{"sniff_gzip", get("t1f8b08")},
	{"sniff_png", get("t89504e470d0a1a0a")},
	{"sniff_not_with_content_encoding", get("hContent-Encoding=gzip,t1f8b08")},
	{"sniff_first_write_after_flush", get("f,t3c68746d6c3e")},
	{"sniff_over_two_writes", get("t3c68746d,t6c3e78")},
	{"sniff_at_flush", get("t3c68746d,f,t6c3e78")},
	// Content-Length, true and false
	{"length_true", get("hContent-Length=10,w10")},
	{"length_true_flushed", get("hContent-Length=20,w10,f,w10,f")},
	{"length_too_long", get("hContent-Length=100,w5")},
	{"length_too_long_flushed", get("hContent-Length=100,w5,f")},
	{"length_too_short", get("hContent-Length=5,w10")},
	{"length_too_short_second_write", get("hContent-Length=5,w5,w1,f")},
	{"length_too_short_across", get("hContent-Length=5,w3,w3,w2")},
	{"length_invalid", get("hContent-Length=abc,w10")},
	{"length_negative", get("hContent-Length=-1,w10")},
	{"length_zero", get("hContent-Length=0,w10")},
	{"length_zero_alone", get("hContent-Length=0,f")},
	{"length_without_content", get("hContent-Length=10")},
	{"length_large", get("hContent-Length=5000,w5000")},
	{"length_set_after_write", get("w10,hContent-Length=99")},
	{"length_with_sign", get("hContent-Length=%2B5,w5")},
	{"length_with_space_old", old("hContent-Length=%2010,w11")},
	{"length_added_twice", get("aContent-Length=5,aContent-Length=5,w5")},
	{"length_with_chunked", get("hContent-Length=10,hTransfer-Encoding=chunked,w10")},
	{"chunked_given", get("hTransfer-Encoding=chunked,w10")},
	{"coding_unknown_given", get("hTransfer-Encoding=gzip,w10")},
	{"codings_given", get("hTransfer-Encoding=gzip%2C%20chunked,w10")},
	{"coding_given_old", old("hTransfer-Encoding=chunked,w10")},
	{"identity_given", get("hTransfer-Encoding=identity,w10,f,w10")},
	// the connection's end
	{"close_asked", closing("w10")},
	{"close_asked_and_flushed", closing("w10,f")},
	{"close_given", get("hConnection=close,w10")},
	{"keep_alive_given", get("hConnection=keep-alive,w10,f")},
	{"keep_alive_given_and_close_asked", closing("hConnection=keep-alive,w10,f")},
	// HTTP/1.0
	{"old_small", old("w10")},
	{"old_flushed", old("w10,f,w10")},
	{"old_large", old("w3000")},
	{"old_kept_small", oldKept("w10")},
	{"old_kept_flushed", oldKept("w10,f")},
	{"old_kept_length", oldKept("hContent-Length=10,w10,f")},
	{"old_kept_length_and_connection", oldKept("hContent-Length=10,hConnection=keep-alive,w10,f")},
	{"old_kept_204", oldKept("s204")},
	{"old_trailers", old("hTrailer=X-T,w10,hX-T=1")},
	{"old_103", old("s103,w1")},
	// HEAD
	{"head_nothing", head("")},
	{"head_small", head("w10")},
	{"head_large", head("w3000")},
	{"head_flushed", head("w10,f,w10")},
	{"head_length", head("hContent-Length=100,w5")},
	{"head_length_invalid", head("hContent-Length=abc,f")},
	{"head_chunked_given", head("hTransfer-Encoding=chunked,f")},
	{"head_old_kept", request("HEAD", "f", "HTTP/1.0", "Connection: keep-alive\r\n", "") + probe},
	// trailers
	{"trailer_declared", get("hTrailer=X-T,w10,hX-T=1")},
	{"trailer_declared_and_flushed", get("hTrailer=X-T,w10,f,hX-T=1,aX-T=2")},
	{"trailer_declared_not_set", get("hTrailer=X-T,w10")},
	{"trailer_declared_late", get("w10,hTrailer=X-T,hX-T=1")},
	{"trailer_declared_list", get("hTrailer=X-T%2C%20x-u%2CContent-Length,w10,hX-T=1,hX-U=2,hContent-Length=9")},
	{"trailer_prefix_after_flush", get("w10,f,hTrailer:X-T=1")},
	{"trailer_prefix_before_write", get("hTrailer:X-T=1,w10")},
	{"trailer_prefix_after_write", get("w10,hTrailer:X-T=1")},
	{"trailer_set_before_too", get("hTrailer=X-T,hX-T=1,w10,f")},
	{"trailer_with_length", get("hTrailer=X-T,hContent-Length=10,w10,hX-T=1")},
	{"trailer_head", head("hTrailer=X-T,w10,hX-T=1")},
	// aborts and panics
	{"abort_at_once", get("abort")},
	{"abort_after_status", get("s404,abort")},
	{"abort_after_write", get("w10,abort")},
	{"abort_after_2049", get("w2049,abort")},
	{"abort_after_flush", get("w10,f,abort")},
	{"abort_after_flush_and_write", get("w10,f,w10,abort")},
	{"abort_after_flush_and_3000", get("w10,f,w3000,abort")},
	{"abort_after_flush_and_10000", get("w10,f,w10000,abort")},
	{"abort_with_length", get("hContent-Length=20,w10,f,abort")},
	{"abort_old", old("w10,f,abort")},
	{"panic_at_once", get("panic")},
	{"panic_after_write", get("w10,panic")},
	{"panic_after_flush", get("w10,f,panic")},
	{"abort_after_103", get("s103,abort")},
	// hijack
	{"hijack_at_once", get("hijack,bw10,bf,cc")},
	{"hijack_after_field", get("hX-A=1,hijack,bw10,bf,cc")},
	{"hijack_after_status", get("s404,hijack,bw10,bf,cc")},
	{"hijack_after_write", get("w10,hijack,bw10,bf,cc")},
	{"hijack_after_2049", get("w2049,hijack,bw10,bf,cc")},
	{"hijack_after_flush", get("w10,f,hijack,bw10,bf,cc")},
	{"hijack_after_flush_and_write", get("w10,f,w10,hijack,bw10,bf,cc")},
	{"hijack_after_flush_and_3000", get("w10,f,w3000,hijack,bw10,bf,cc")},
	{"hijack_with_length", get("hContent-Length=20,w10,hijack,bw10,bf,cc")},
	{"hijack_then_close_at_once", get("w10,f,hijack,cc")},
	{"hijack_then_writer_goes_on", get("hijack,w10,s200,w0,hX-A=1,gX-A,bw10,bf,cc")},
	{"hijack_then_flush", get("hijack,f,bw10,bf,cc")},
	{"hijack_flushed_then_flush", get("w10,f,hijack,f,bw10,bf,cc")},
	{"hijack_twice", get("hijack,hijack,cc")},
	{"hijack_twice_with_content", get("w10,f,hijack,bw10,hijack,cc")},
	{"hijack_read_to_the_end", get("hijack,br39,br1,ctx,cc")},
	{"hijack_unflushed_is_lost", get("hijack,bw10,cc")},
	{"hijack_raw_before_buffered", get("hijack,bw10,cw5,bf,cc")},
	{"hijack_buffer_4096", get("hijack,bw4096,bw1,bf,cc")},
	{"hijack_buffer_bypassed", get("hijack,bw5000,bw1,bf,cc")},
	{"hijack_write_after_close", get("hijack,cc,cw5,bw5,bf,cc")},
	{"hijack_unread_input", get("hijack,br40,cc")},
	{"hijack_after_deadline", get("past,hijack,bw10,bf,cc")},
	{"hijack_after_timeout", get("w10,past,f,hijack,bw10,bf,cc")},
	{"hijack_flush_meets_deadline", get("w10,past,hijack,bw10,bf,cc")},
	{"hijack_own_deadline", get("hijack,cpast,bw10,bf,never,bf,cc")},
	{"hijack_own_deadline_write_nothing", get("hijack,cpast,cw0,cc,cw0")},
	{"hijack_then_abort", get("hijack,bw10,bf,cc,abort")},
	{"hijack_with_content", post("hijack,br5,cc", 5)},
	// the write deadline
	{"deadline_past_small", get("past,w10")},
	{"deadline_past_flush", get("past,w10,f,w10,f")},
	{"deadline_past_flush_alone", get("past,f,f")},
	{"deadline_past_after_flush", get("w10,f,past,w10,f,w10,f,w10")},
	{"deadline_past_large", get("w10,f,past,w5000,w1,f")},
	{"deadline_past_closes_at_once", get("w10,f,past,w5000,never,w10,f")},
	{"deadline_past_then_hijack", get("w10,f,past,w5000,hijack,bw10,bf,cc")},
	{"deadline_past_3000", get("w10,f,past,w3000,w3000,w10,f")},
	{"deadline_past_then_never", get("w10,f,past,w10,never,f")},
	{"deadline_past_failed_then_never", get("w10,f,past,w10,f,never,w10,f")},
	{"deadline_past_then_status", get("past,w10,f,s500,w10")},
	{"deadline_past_then_abort", get("w10,f,past,w10,f,abort")},
	{"deadline_past_return", get("w10,f,w10,past")},
	{"deadline_past_length", get("hContent-Length=30,w10,f,past,w10,f,w10,f")},
	{"deadline_past_context", get("past,w10,f,ctx")},
	{"context_ends_at_half_close", get("ctxwait,w10,f,w10")},
	{"context_ends_at_half_close_and_abort", get("w10,f,ctxwait,abort")},
	{"deadline_read_past_context", get("rpast,ctxwait,w10,f")},
	// request content
	{"content_unread", post("w10", 5)},
	{"content_read", post("read5,w10", 5)},
	{"content_read_to_the_end", post("readall,w10,f", 100)},
	{"content_read_beyond_the_end", post("read5,read1,read0,w10", 5)},
	{"content_none_read", get("read1,w10")},
	{"content_read_after_write", post("w10,f,read5", 5)},
	{"content_read_half", post("read2,w10,f,read3", 5)},
	{"content_full_duplex", post("duplex,w10,f,read5", 5)},
	{"content_chunked_unread", postChunked("w10")},
	{"content_chunked_read", postChunked("readall,w10")},
	{"content_chunked_old", request("POST", "readall,w10", "HTTP/1.0", "Transfer-Encoding: chunked\r\n", "5\r\nqqqqq\r\n0\r\n\r\n")},
	{"content_chunked_after_write", postChunked("w10,f,readall")},
	{"content_unread_close_asked", request("POST", "w10", "HTTP/1.1", "Connection: close\r\nContent-Length: 5\r\n", "qqqqq")},
	{"content_unread_100000", request("POST", "w10", "HTTP/1.1", "Content-Length: 100000\r\n", strings.Repeat("q", 100000)) + probe},
	{"content_unread_262143", request("POST", "w10", "HTTP/1.1", "Content-Length: 262143\r\n", strings.Repeat("q", 262143)) + probe},
	{"content_unread_262144", request("POST", "w10", "HTTP/1.1", "Content-Length: 262144\r\n", strings.Repeat("q", 262144))},
	{"content_unread_262145", request("POST", "w10", "HTTP/1.1", "Content-Length: 262145\r\n", strings.Repeat("q", 262145))},
	{"content_chunked_unread_262145", request("POST", "w10", "HTTP/1.1", "Transfer-Encoding: chunked\r\n", "40001\r\n"+strings.Repeat("q", 262145)+"\r\n0\r\n\r\n")},
	{"content_chunked_with_trailer", request("POST", "w10", "HTTP/1.1", "Transfer-Encoding: chunked\r\n", "1\r\nq\r\n0\r\nabc: 1\r\n\r\n") + probe},
	{"content_chunked_malformed", request("POST", "readall,w10", "HTTP/1.1", "Transfer-Encoding: chunked\r\n", "5\r\nqqqqqqqqqq")},
	{"content_chunked_trailer_cut_at_once", request("POST", "readall,readall,w10", "HTTP/1.1", "Transfer-Encoding: chunked\r\n", "1\r\nq\r\n0\r\n\r")},
	{"content_chunked_trailer_cut", request("POST", "readall,readall,w10", "HTTP/1.1", "Transfer-Encoding: chunked\r\n", "1\r\nq\r\n0\r\nX-Q: 1\r\n")},
	{"content_chunked_trailer_cut_read_exactly", request("POST", "read1,read1,w10", "HTTP/1.1", "Transfer-Encoding: chunked\r\n", "1\r\nq\r\n0\r\nX-Q: 1\r\n")},
	{"content_incomplete", request("POST", "readall,w10", "HTTP/1.1", "Content-Length: 10\r\n", "qqqqq")},
	{"content_incomplete_unread", request("POST", "w10", "HTTP/1.1", "Content-Length: 10\r\n", "qqqqq")},
	{"content_abort", post("w10,f,abort", 5)},
	{"expect_read", expecting("readall,w10", 5)},
	{"expect_unread", expecting("w10", 5)},
	{"expect_unread_nothing_written", expecting("", 5)},
	{"expect_flushed_then_read", expecting("f,readall", 5)},
	{"expect_100_by_hand", expecting("s100,readall,w10", 5)},
	{"expect_chunked_read_exactly", request("POST", "read5,w10", "HTTP/1.1", "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "5\r\nqqqqq\r\n0\r\n\r\n") + probe},
	{"expect_read_half", expecting("read2,w10", 5)},
	{"expect_other", request("GET", "w10", "HTTP/1.1", "Expect: a-miracle\r\n", "") + probe},
	// requests that never reach a handler
	{"request_malformed", "GARBAGE\r\n\r\n"},
	{"request_without_host", "GET / HTTP/1.1\r\n\r\n"},
	{"request_cut", "GET / HTTP/1.1\r\nHost:"},
	{"request_cut_in_line", "GET /"},
	{"request_unknown_coding", request("POST", "w10", "HTTP/1.1", "Transfer-Encoding: rot13\r\n", "")},
	{"request_none", ""},
}

// recordingConn notes the size of every write that reaches the socket.
type recordingConn struct {
	*net.TCPConn
	run *run
}

func (c recordingConn) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	if n > 0 {
		c.run.mu.Lock()
		c.run.writes = append(c.run.writes, strconv.Itoa(n))
		c.run.mu.Unlock()
	}
	return n, err
}

// ReadFrom hides the one of TCPConn.
func (c recordingConn) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}

type run struct {
	mu     sync.Mutex
	writes []string
	notes  []string
	count  map[string]int
	busy   sync.WaitGroup
	taken  net.Conn // kept alive: a finalizer would close a hijacked connection that nobody closes
}

func (r *run) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *run) numbered(kind, result string) {
	r.mu.Lock()
	r.count[kind]++
	n := r.count[kind]
	r.mu.Unlock()
	r.note("%s %d: %s", kind, n, result)
}

func outcome(ok string, err error) string {
	switch {
	case err == nil:
		return ok
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "i/o timeout"
	case errors.Is(err, net.ErrClosed):
		return "use of closed network connection"
	}
	return err.Error()
}

func octets(n int) string {
	if n == 1 {
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", n)
}

var place = regexp.MustCompile(` from \S+ \(\S+\)`)
var address = regexp.MustCompile(`panic serving \S+: `)

func (r *run) Write(line []byte) (int, error) {
	text, _, _ := strings.Cut(string(line), "\n")
	r.note("log: %s", address.ReplaceAllString(place.ReplaceAllString(text, ""), "panic serving: "))
	return len(line), nil
}

func (r *run) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.busy.Add(1)
	defer r.busy.Done()
	defer func() {
		switch p := recover(); p {
		case nil:
			r.note("returned")
		case http.ErrAbortHandler:
			r.note("aborted")
			panic(p)
		default:
			panic(p)
		}
	}()
	rc := http.NewResponseController(w)
	var conn net.Conn
	var rw *bufio.ReadWriter
	for _, call := range strings.Split(req.URL.RawQuery, ",") {
		call, _ = url.PathUnescape(call)
		number := func(prefix string) int {
			n, err := strconv.Atoi(strings.TrimPrefix(call, prefix))
			if err != nil {
				panic("program: " + call)
			}
			return n
		}
		field := func() (string, string) {
			name, value, _ := strings.Cut(call[1:], "=")
			return name, value
		}
		switch {
		case call == "":
		case call == "f":
			r.numbered("flush", outcome("ok", rc.Flush()))
		case call == "hijack":
			c, b, err := rc.Hijack()
			r.note("hijack: %s", outcome("ok", err))
			if err == nil {
				conn, rw, r.taken = c, b, c
			}
		case call == "abort":
			panic(http.ErrAbortHandler)
		case call == "panic":
			panic("boom")
		case call == "past":
			r.note("set write deadline: %s", outcome("past", rc.SetWriteDeadline(time.Unix(1, 0))))
		case call == "cpast":
			r.note("conn set write deadline: %s", outcome("past", conn.SetWriteDeadline(time.Unix(1, 0))))
		case call == "never" && conn != nil:
			r.note("conn set write deadline: %s", outcome("none", conn.SetWriteDeadline(time.Time{})))
		case call == "never":
			r.note("set write deadline: %s", outcome("none", rc.SetWriteDeadline(time.Time{})))
		case call == "rpast":
			r.note("set read deadline: %s", outcome("past", rc.SetReadDeadline(time.Unix(1, 0))))
		case call == "duplex":
			r.note("enable full duplex: %s", outcome("ok", rc.EnableFullDuplex()))
		case call == "ctx":
			r.note("context: %s", outcome("alive", req.Context().Err()))
		case call == "ctxwait":
			<-req.Context().Done()
			r.note("context: %s", req.Context().Err())
		case call == "cc":
			r.note("conn close: %s", outcome("ok", conn.Close()))
		case call == "bf":
			r.numbered("bufrw flush", outcome("ok", rw.Flush()))
		case call == "readall":
			p, err := io.ReadAll(req.Body)
			r.numbered("read", outcome(octets(len(p)), err))
		case strings.HasPrefix(call, "read"):
			p := make([]byte, number("read"))
			n, err := io.ReadFull(req.Body, p)
			r.numbered("read", outcome(octets(n), err))
		case strings.HasPrefix(call, "br"):
			p := make([]byte, number("br"))
			n, err := io.ReadFull(rw, p)
			r.numbered("bufrw read", outcome(octets(n), err))
		case strings.HasPrefix(call, "bw"):
			n, err := rw.Write(bytes.Repeat([]byte("b"), number("bw")))
			r.numbered("bufrw write", outcome(octets(n), err))
		case strings.HasPrefix(call, "cw"):
			n, err := conn.Write(bytes.Repeat([]byte("c"), number("cw")))
			r.numbered("conn write", outcome(octets(n), err))
		case call[0] == 's':
			w.WriteHeader(number("s"))
		case call[0] == 'w':
			n, err := w.Write(bytes.Repeat([]byte("x"), number("w")))
			r.numbered("write", outcome(octets(n), err))
		case call[0] == 't':
			p, _ := hex.DecodeString(call[1:])
			n, err := w.Write(p)
			r.numbered("write", outcome(octets(n), err))
		case call[0] == 'h':
			name, value := field()
			w.Header().Set(name, value)
		case call[0] == 'a':
			name, value := field()
			w.Header().Add(name, value)
		case call[0] == 'd':
			w.Header().Del(call[1:])
		case call[0] == 'g':
			r.note("%s is %q", call[1:], w.Header().Get(call[1:]))
		default:
			panic("program: " + call)
		}
	}
}

type oneListener struct {
	net.Listener
	run *run
}

func (l oneListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return recordingConn{c.(*net.TCPConn), l.run}, nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func record(p program) string {
	r := &run{count: map[string]int{}}
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	srv := &http.Server{Handler: r, ErrorLog: log.New(r, "", 0)}
	go srv.Serve(oneListener{ln, r})
	c := must(net.Dial("tcp", ln.Addr().String())).(*net.TCPConn)
	must(io.WriteString(c, p.request))
	c.CloseWrite()
	c.SetReadDeadline(time.Now().Add(time.Second))
	got, err := io.ReadAll(c)
	end := "FIN"
	if err != nil {
		end = "RST"
		if errors.Is(err, os.ErrDeadlineExceeded) {
			end = "open"
		}
	}
	r.busy.Wait()
	srv.Close()
	if r.taken != nil {
		r.taken.Close()
	}
	var b strings.Builder
	for _, line := range lines(got) {
		fmt.Fprintf(&b, "< %s\n", line)
	}
	fmt.Fprintf(&b, "-- %s\n", end)
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&b, "socket writes: %s\n", strings.Join(r.writes, " "))
	for _, n := range r.notes {
		fmt.Fprintf(&b, "o: %s\n", n)
	}
	return b.String()
}

var date = regexp.MustCompile(`(?m)^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`)

// lines breaks octets after each LF; a run of more than 16 equal octets is written once, with its length.
func lines(p []byte) []string {
	p = date.ReplaceAll(p, []byte("Date: <date>"))
	var all []string
	for len(p) > 0 {
		cut := bytes.IndexByte(p, '\n') + 1
		if cut == 0 {
			cut = len(p)
		}
		var b strings.Builder
		for i := 0; i < cut; {
			j := i
			for j < cut && p[j] == p[i] {
				j++
			}
			if j-i > 16 {
				fmt.Fprintf(&b, "<%c*%d>", p[i], j-i)
				i = j
				continue
			}
			switch c := p[i]; {
			case c == '\r':
				b.WriteString(`\r`)
			case c == '\n':
				b.WriteString(`\n`)
			case c == '\\':
				b.WriteString(`\\`)
			case c < 0x20 || c > 0x7e:
				fmt.Fprintf(&b, `\x%02X`, c)
			default:
				b.WriteByte(c)
			}
			i++
		}
		all = append(all, b.String())
		p = p[cut:]
	}
	return all
}

func main() {
	folder := os.Args[1]
	version := strings.TrimPrefix(runtime.Version(), "go")
	for _, p := range programs {
		text := record(p)
		for i := 0; i < 3; i++ {
			if again := record(p); again != text {
				fmt.Fprintf(os.Stderr, "%s: two runs differ\n%s\n%s\n", p.name, text, again)
			}
		}
		file := filepath.Join(folder, p.name+".txt")
		old, err := os.ReadFile(file)
		if err != nil {
			var b strings.Builder
			for _, line := range lines([]byte(p.request)) {
				fmt.Fprintf(&b, "> %s\n", line)
			}
			old = []byte(b.String())
		}
		sections := strings.Split(string(old), "\n== net/http of Go ")
		found := false
		for i, s := range sections[1:] {
			versions, body, _ := strings.Cut(s, "\n")
			if strings.TrimRight(body, "\n") == strings.TrimRight(text, "\n") {
				if !strings.Contains(versions, version) {
					versions += ", " + version
				}
				sections[i+1] = versions + "\n" + strings.TrimRight(text, "\n") + "\n"
				found = true
			}
		}
		if !found {
			sections = append(sections, version+"\n"+text)
		}
		if err := os.WriteFile(file, []byte(strings.Join(sections, "\n== net/http of Go ")), 0o644); err != nil {
			panic(err)
		}
	}
}
