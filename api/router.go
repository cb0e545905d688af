package api

import (
	"net/http"
	"path"
	"slices"
	"strings"
)

// anyMethod stands for every method in the table.
const anyMethod = "*"

// route is one line of the table.
type route struct {
	method  string
	pattern string // of http.ServeMux, without the method
	role    role
	browser bool // pages of --allowed-origins may call it: CORS
	instant bool // answers without waiting, or keeps the time itself: no handler deadline
	handle  func(*exchange) error
}

// resource is the routes of one pattern.
type resource struct {
	api     *API
	routes  []*route
	allow   string // for 405 and OPTIONS
	browser bool
}

// router finds the resource of a path: a map for the fixed ones, net/http's mux for the others.
type router struct {
	api   *API
	fixed map[string]*resource
	mux   *http.ServeMux
}

func newRouter(a *API, table []route) *router {
	rt := &router{api: a, fixed: map[string]*resource{}, mux: http.NewServeMux()}
	byPattern := map[string]*resource{}
	for i := range table {
		one := &table[i]
		res := byPattern[one.pattern]
		if res == nil {
			res = &resource{api: a}
			byPattern[one.pattern] = res
			if strings.Contains(one.pattern, "{") {
				rt.mux.Handle(one.pattern, res)
			} else {
				rt.fixed[one.pattern] = res
			}
		}
		res.add(one)
	}
	rt.mux.HandleFunc("/", rt.unknown)
	return rt
}

func (res *resource) add(one *route) {
	res.routes = append(res.routes, one)
	res.browser = res.browser || one.browser
	var methods []string
	for _, r := range res.routes {
		methods = append(methods, r.method)
		if r.method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	if res.browser {
		methods = append(methods, http.MethodOptions)
	}
	slices.Sort(methods)
	res.allow = strings.Join(slices.Compact(methods), ", ")
}

// ServeHTTP implements http.Handler.
func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rt.api.o.LoopbackOnly && !loopback(r.Host) {
		rt.refuse(w, r, errNotLoopback)
		return
	}
	if res := rt.fixed[r.URL.Path]; res != nil {
		res.ServeHTTP(w, r)
		return
	}
	// The mux would redirect a path that is not clean; there is nothing at such a path.
	clean := path.Clean(r.URL.Path)
	if clean != r.URL.Path && clean+"/" != r.URL.Path {
		rt.unknown(w, r)
		return
	}
	rt.mux.ServeHTTP(w, r)
}

func (rt *router) unknown(w http.ResponseWriter, r *http.Request) { rt.refuse(w, r, errNoPath) }

// refuse answers without looking for a route.
func (rt *router) refuse(w http.ResponseWriter, r *http.Request, p *problem) {
	x := &exchange{API: rt.api, w: w, r: r}
	x.begin()
	x.answer(p)
}

// ServeHTTP answers for one pattern.
func (res *resource) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{API: res.api, w: w, r: r}
	x.begin()
	if res.browser {
		if done := x.cors(res); done {
			return
		}
	}
	one := res.find(r.Method)
	if one == nil {
		w.Header().Set("Allow", res.allow)
		x.answer(&problem{
			status: http.StatusMethodNotAllowed, code: "method_not_allowed", detail: "this path takes " + res.allow,
		})
		return
	}
	x.run(one)
}

func (res *resource) find(method string) *route {
	for _, one := range res.routes {
		if one.method == method || one.method == anyMethod || one.method == http.MethodGet && method == http.MethodHead {
			return one
		}
	}
	return nil
}
