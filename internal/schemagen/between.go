package schemagen

// between is what holds between several keys. Each rule speaks of the key that
// the library names in its fault, so that both say the same place.
func between() []any {
	on := list(true, "true")
	off := of("enum", list(false, "false", "", nil))
	has := func(name string, values object) object {
		return of("required", texts(name), "properties", of(name, values))
	}
	given := func(name string) object { return has(name, of("not", of("enum", list("", nil)))) }
	rule := func(key string, value object, conditions ...any) object {
		return of("if", of("allOf", conditions), "then", of("properties", of(key, value)))
	}
	not := func(o object) object { return of("not", o) }
	method := func(word string) object { return has("method", of("type", "string", "pattern", "^"+anyCase(word)+"$")) }
	within := func(object, name string, value any) any { return has(object, has(name, of("enum", value))) }
	// A header that says another type than the form would win, and the server
	// could not read the form. It stands in a row or in the short form.
	typed := func(media string) object {
		name, value := "^"+anyCase("content-type")+"$", of("anyOf", list(of("type", "string", "pattern", media), of("enum", list(nil, list()))))
		return of("items", of("if", has("name", of("pattern", name)), "then", of("properties", of("value", value))), "patternProperties", of(name, value))
	}
	return list(
		rule("headers", typed(`^\s*`+anyCase("application/x-www-form-urlencoded")+`\s*(?:;|$)`), has("bodyType", of("const", "x_www_form_urlencoded"))),
		rule("headers", typed(`^\s*`+anyCase("multipart/form-data")+`\s*;[\s\S]*`+anyCase("boundary")+`=.`), has("bodyType", of("const", "multipart_form_data"))),
		of("if", of("allOf", list(given("data"), not(given("bodyType")))), "then", has("bodyType", of("minLength", 1))),
		rule("bodyType", of("not", of("const", "raw")), method("head"), given("data"), not(has("data", of("const", of("$base64", ""))))),
		rule("bodyType", of("not", of("enum", texts("x_www_form_urlencoded", "multipart_form_data"))), method("trace")),
		rule("caOnly", off, not(given("ca"))),
		rule("requireClientCertificate", off, not(given("credentials")), not(has("useMtls", of("enum", on)))),
		rule("verify", of("properties", of("pins", of("maxItems", 0), "name", of("maxLength", 0), "skipName", of("enum", list(false, "false")), "allowExpired", of("enum", list(false, "false")))),
			has("rejectUnauthorized", of("enum", list(false, "false")))),
		rule("verify", of("properties", of("name", of("maxLength", 0))), within("verify", "skipName", on)),
		rule("protocol", of("properties", of("maxTls", of("not", of("enum", list("1.2", 1.2))))), within("protocol", "minTls", list("1.3", 1.3))),
		rule("protocol", of("properties", of("minTls", of("not", of("enum", list("1.3", 1.3))), "http", of("not", of("enum", list(2, "2"))))), within("protocol", "renegotiate", on)),
	)
}
