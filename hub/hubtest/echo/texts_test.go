package main

import (
	"fmt"
	"strconv"
)

func decimal(code uint16) string { return strconv.Itoa(int(code)) }

// goodTexts and badTexts are those of the cases 6.2 to 6.23, which are Markus Kuhn's.
var goodTexts = []string{
	"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!", // 6.2
	"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",                            // 6.5
	"\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80", // 6.7: the first of each length
	"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", // 6.9: the last
	"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", // 6.11: beside the surrogates, and the replacement
	"\xef\xbf\xbe", "\xf0\x9f\xbf\xbe", "\xf4\x8f\xbf\xbe", "\xef\xb7\x90", // 6.22: no characters, but right
	"\xef\xbf\xb9\xef\xbf\xba\xef\xbf\xbb", "\xf0\x9d\x9f\xbf", // 6.23
}

var badTexts = []string{
	"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64\x69\x74\x65\x64", // 6.3
	"\xce", "\xce\xba\xe1", "\xce\xba\xe1\xbd", "\xe1\xbd\xb9\xcf", // 6.6: cut
	"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", // 6.8: five and six octets
	"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf", // 6.10
	"\xf4\x90\x80\x80",                                                     // 6.11: past the last
	"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf", // 6.12: continuations alone
	"\xc0", "\xdf", "\xe0\x80", "\xf0\x80\x80", "\xef\xbf", "\xf7\xbf\xbf", // 6.14: the last octet is missing
	"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80", // 6.15
	"\xfe", "\xff", "\xfe\xfe\xff\xff", // 6.16: octets that stand in no text
	"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf", // 6.17: a slash, too long
	"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", // 6.18: the longest that are too long
	"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", // 6.19: NUL, too long
	"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf", // 6.20
	"\xed\xa0\x80\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf", // 6.21: pairs of surrogates
}

// texts are the cases 6.2 to 6.23, each as one frame and with a fragment for each octet.
func texts() (all []case_) {
	octets := func(s string) (frames [][]byte) {
		frames = append(frames, first(""))
		for i := range len(s) {
			frames = append(frames, next(s[i:i+1]))
		}
		return append(frames, last(""))
	}
	add := func(s string, want []answer, code int) {
		all = append(all,
			case_{fmt.Sprintf("6 %+q", s), say(whole(s), bye()), want, code},
			case_{fmt.Sprintf("6 %+q in fragments", s), append(octets(s), bye()), want, code})
	}
	for _, s := range goodTexts {
		add(s, []answer{text(s)}, 1000)
	}
	for _, s := range badTexts {
		add(s, nil, 1007)
	}
	for lead := 0xc0; lead <= 0xfd; lead++ { // 6.13: the first octet of a sequence, and a space
		add(string([]byte{byte(lead), ' '}), nil, 1007)
	}
	return all
}
