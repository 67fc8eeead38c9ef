package main

import (
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/mtlshttp/mtlshttp"
)

// downloads are of so many bytes, to a writer.
func downloads(size int64) []entry {
	x := exchange{path: fmt.Sprint("/bytes/", size)}
	own := entry{ours.name, func(w *world) (work, func(), error) {
		e := new(mtlshttp.Executor)
		return func(ctx context.Context) error {
			var sink counter
			r := w.request(x)
			r.Output = mtlshttp.Output{Writer: &sink}
			_, err := e.Do(ctx, r)
			return whole(int64(sink), size, err)
		}, func() { _ = e.Close() }, nil
	}}
	plain := func(w *world) (work, func(), error) {
		client, done := w.tuned(w.clients[0], x)
		return func(ctx context.Context) error {
			req, err := w.plain(ctx, x)
			if err != nil {
				return err
			}
			resp, err := client.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			var sink counter
			_, err = io.Copy(&sink, io.LimitReader(resp.Body, 16<<30))
			return whole(int64(sink), size, err)
		}, done, nil
	}
	return []entry{own, {tuned.name, plain}, {tunedAgain.name, plain}}
}

// uploads are of a multipart form with a file of so many bytes.
func uploads(size int64) []entry {
	x := exchange{method: http.MethodPost, path: "/take"}
	own := entry{ours.name, func(w *world) (work, func(), error) {
		e := new(mtlshttp.Executor)
		return func(ctx context.Context) error {
			r := w.request(x)
			r.Body = mtlshttp.Multipart(mtlshttp.Part{Name: "file", FileName: "zeros", Reader: io.LimitReader(zeros{}, size), Size: size})
			resp, err := e.Do(ctx, r)
			if err != nil {
				return err
			}
			return ok(resp.StatusCode)
		}, func() { _ = e.Close() }, nil
	}}
	plain := func(w *world) (work, func(), error) {
		client, done := w.tuned(w.clients[0], x)
		return func(ctx context.Context) error {
			body, writer := io.Pipe()
			form := multipart.NewWriter(writer)
			go func() {
				part, err := form.CreateFormFile("file", "zeros")
				if err == nil {
					_, err = io.Copy(part, io.LimitReader(zeros{}, size))
				}
				if err == nil {
					err = form.Close()
				}
				_ = writer.CloseWithError(err)
			}()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+x.path, body)
			if err != nil {
				return err
			}
			req.Header.Set("Content-Type", form.FormDataContentType())
			resp, err := client.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, bound)); err != nil {
				return err
			}
			return ok(resp.StatusCode)
		}, done, nil
	}
	return []entry{own, {tuned.name, plain}, {tunedAgain.name, plain}}
}

// counter is a writer that counts.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func whole(got, want int64, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("%d of %d bytes", got, want)
	}
	return err
}

func ok(status int) error {
	if status != http.StatusOK {
		return fmt.Errorf("status %d", status)
	}
	return nil
}
