package api

import (
	"strings"

	"github.com/hotseat-hub/hotseat/session"
)

// The first mark that is found in a User-Agent wins: browsers name those that they pretend to be.
var (
	browserMarks = [...][2]string{
		{"Edg/", "Edge"},
		{"EdgA/", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"Vivaldi/", "Vivaldi"},
		{"Electron/", "Electron"},
		{"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Chromium/", "Chromium"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
		{"Wget/", "Wget"},
		{"python-requests/", "Python"},
		{"okhttp/", "okhttp"},
	}
	systemMarks = [...][2]string{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"},
		{"Macintosh", "macOS"},
		{"Linux", "Linux"},
	}
)

// deviceName calls a device by what its User-Agent tells, as in “Chrome on Linux”.
func deviceName(userAgent string) string {
	browser, system := firstMark(userAgent, browserMarks[:]), firstMark(userAgent, systemMarks[:])
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser+system != "":
		return browser + system
	}
	product, _, _ := strings.Cut(userAgent, "/")
	if product = strings.TrimSpace(product); product == "" {
		return "Unknown device"
	}
	return session.Clean(product, session.MaxDevice)
}

func firstMark(userAgent string, marks [][2]string) string {
	for _, mark := range marks {
		if strings.Contains(userAgent, mark[0]) {
			return mark[1]
		}
	}
	return ""
}
