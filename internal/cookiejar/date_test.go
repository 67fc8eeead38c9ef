package cookiejar

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestParseDate(t *testing.T) {
	want := time.Date(2031, time.July, 4, 5, 6, 7, 0, time.UTC)
	for _, text := range []string{
		"Fri, 04 Jul 2031 05:06:07 GMT",
		"Friday, 04-Jul-31 05:06:07 GMT",
		"Fri Jul  4 05:06:07 2031",
		"4 july 2031 5:6:7",
		"2031 4 JULIAN 05:06:07 whatever",
		"05:06:07 4th Jul 2031AD",
		"\t(4/Jul/31)05:06:07.999+0900",
		"04 Jul 2031 05:06:07 11:12:13 Aug 5 1999",
		"4 Jul 2031 05:06:07" + "\xff",
	} {
		got, ok := parseDate(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, got, text)
	}
}

func TestParseDateTwoDigitYears(t *testing.T) {
	for text, year := range map[string]int{"00": 2000, "69": 2069, "70": 1970, "99": 1999, "1601": 1601, "9999": 9999} {
		got, ok := parseDate("1 Jan " + text + " 00:00:00")
		assert.True(t, ok, text)
		assert.Equal(t, year, got.Year(), text)
	}
}

func TestParseDateDelimiters(t *testing.T) {
	const delimiters = "\t !\"#$%&'()*+,-./;<=>?@[\\]^_`{|}~"
	for c := range 256 {
		delimiter := string([]byte{byte(c)})
		_, ok := parseDate("4" + delimiter + "Jul 2031 05:06:07")
		assert.Equal(t, strings.Contains(delimiters, delimiter), ok, "%q", delimiter)
	}
}

// badDates lack a part, or say a day or an hour that does not exist.
var badDates = []string{
	"",
	" ,;-/ ",
	"never",
	"4 Jul 2031",
	"4 Jul 05:06:07",
	"Jul 2031 05:06:07",
	"4 2031 05:06:07",
	"004 Jul 2031 05:06:07",
	"4 Jul 1600 05:06:07",
	"4 Jul 100 05:06:07",
	"4 Jul 20311 05:06:07",
	"4 Jul 2031 24:00:00",
	"4 Jul 2031 05:60:07",
	"4 Jul 2031 05:06:60",
	"4 Jul 2031 05:06",
	"4 Jul 2031 05:06:007",
	"4 Jul 2031 05: 06:07",
	"0 Jul 2031 05:06:07",
	"32 Jul 2031 05:06:07",
	"31 Jun 2031 05:06:07",
	"29 Feb 2031 05:06:07",
	"4 Jux 2031 05:06:07",
	"4 ſep 2031 05:06:07",
}

func TestParseDateRefuses(t *testing.T) {
	for _, text := range badDates {
		_, ok := parseDate(text)
		assert.False(t, ok, "%q", text)
	}
}
