// The origin of this bundle, octet by octet: go run origin.go 127.0.0.1:8000
//
// It says where it listens, plays one script a connection, and where a script waits for a step, it says so and goes on
// with the next line on standard input (press Enter).
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type act struct {
	do   string
	many int
	what string
}

var connections = [][]act{
@CONNECTIONS@}

var (
	speech sync.Mutex
	told   = bufio.NewReader(os.Stdin)
)

func wait(name string) {
	speech.Lock()
	defer speech.Unlock()
	fmt.Println("waits " + name)
	told.ReadString('\n')
}

func play(c *net.TCPConn, acts []act) error {
	for _, a := range acts {
		switch a.do {
		case "request":
			head := ""
			for octet := make([]byte, 1); len(head) < 4 || head[len(head)-4:] != "\r\n\r\n"; head += string(octet) {
				if _, err := io.ReadFull(c, octet); err != nil {
					return err
				}
			}
		case "read":
			if _, err := io.CopyN(ioutil.Discard, c, int64(a.many)); err != nil {
				return err
			}
		case "cue":
			wait(a.what)
		case "send":
			if _, err := io.WriteString(c, a.what); err != nil {
				return err
			}
		case "departure":
			io.Copy(ioutil.Discard, c)
		case "fin":
			c.CloseWrite()
			fmt.Println("done")
			io.Copy(ioutil.Discard, c)
		case "rst":
			acknowledged(c)
			c.SetLinger(0)
			c.Close()
			fmt.Println("done")
		case "hold":
			fmt.Println("done")
			select {}
		}
	}
	return nil
}

// acknowledged waits until the peer's kernel has everything: a reset drops what is still on its way.
func acknowledged(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	for unsent := 1; unsent > 0; time.Sleep(time.Millisecond) {
		raw.Control(func(fd uintptr) { unsent = outq(fd) })
	}
}

func main() {
	address := "127.0.0.1:8000"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	listening, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Println("listening on " + listening.Addr().String())
	for accepted := 0; ; accepted++ {
		c, err := listening.Accept()
		if err != nil {
			return
		}
		acts := connections[min(accepted, len(connections)-1)]
		go func() {
			if play(c.(*net.TCPConn), acts) != nil {
				fmt.Println("done") // the peer has left: the lanes show how
			}
			c.Close()
		}()
	}
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func outq(fd uintptr) int {
	var unsent int32
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&unsent))); errno != 0 {
		return 0
	}
	return int(unsent)
}
