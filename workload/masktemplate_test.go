package workload

import (
	"encoding/json"
	"strings"
	"testing"

	"sessbench/workload/session"
)

// Templates say where secrets come from; what stands beside or inside of them may be one.
func TestTemplatesStayInAMaskedPlan(t *testing.T) {
	secret := "hunter2hunter2"
	text := func(s string) *string { return &s }
	step := Operation{
		Name: "GET /{id}", Method: "GET", URL: "/items/{{id}}?token={{ users.token }}&key=" + secret + "&page={{page}}#{{x}}",
		Headers: Fields{
			session.Set("Authorization", "Bearer {{token}}", "{{token}}", "Bearer "+secret, secret+"{{token}}"),
			session.Set("Cookie", "sid={{sid}}; other="+secret), session.Set("X-Api-Key", "{{ users.key }}", "{{a}}"+secret+"{{b}}", `{{"`+secret+`"}}`),
		},
		Params:  Fields{session.Set("token", "{{token}}", secret)},
		Cookies: Cookies{{Name: "sid", Value: "{{sid}}"}, {Name: "other", Value: secret}},
		Auth:    &Auth{Basic: &BasicAuth{User: "{{users.name}}", Password: "{{users.password}}"}},
		Form:    Fields{session.Set("password", "{{users.password}}", secret, secret+"{{n}}")},
	}
	plan := &Plan{
		Setup: []Operation{{JSON: json.RawMessage(`{"password":"{{users.password}}","token":"` + secret + `","n":[{"pin":"{{pin}}{{pin}}"}]}`)}},
		Mix: []Operation{
			{Name: "scenario", Steps: []Operation{step}},
			{Body: []byte(`<password>{{ users.password }}</password><token>` + secret + `</token>`), Auth: &Auth{Bearer: "{{token}}"}},
			{Body: []byte("password={{users.password}}&token=" + secret), Auth: &Auth{Bearer: secret}},
			{Body: []byte(`{"password": "{{users.password}}", "id": {{id}}, "token": "` + secret + `"}`)},
			{Multipart: &Multipart{Fields: Fields{session.Set("password", "{{p}}", secret)}, Files: []FilePart{{Field: "token", Content: text("{{token}}")}, {Field: "token", Content: text(secret)}}}},
		},
		Teardown: []Operation{{Method: "GET", URL: "/logout?session={{sid}}&token=" + secret}},
	}
	data, err := json.Marshal(plan.Masked())
	if err != nil {
		t.Fatal(err)
	}
	got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(data))
	if strings.Contains(got, "hunter2") {
		t.Errorf("a secret is in\n%s", got)
	}
	for _, want := range []string{
		`"/items/{{id}}?token={{ users.token }}&key=***&page={{page}}#{{x}}"`,
		`["Bearer {{token}}","{{token}}","Bearer ***","***"]`, `"sid={{sid}}; other=***"`, `"X-Api-Key":["{{ users.key }}","***","***"]`,
		`"token":["{{token}}","***"]`, `{"sid":"{{sid}}","other":"***"}`, `{"user":"{{users.name}}","password":"{{users.password}}"}`,
		`"password":["{{users.password}}","***","***"]`,
		`{"password":"{{users.password}}","token":"***","n":[{"pin":"{{pin}}{{pin}}"}]}`,
		`<password>{{ users.password }}</password><token>\"***\"</token>`, `"bearer":"{{token}}"`, `"bearer":"***"`,
		`"password={{users.password}}&token=***"`, `{\"password\": \"{{users.password}}\", \"id\": {{id}}, \"token\": \"***\"}`,
		`"password":["{{p}}","***"]`, `"content":"{{token}}"`, `"content":"***"`, `"/logout?session={{sid}}&token=***"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
}

// What templates stand for is not known; the rest of a plan's secrets is looked for everywhere.
func TestTemplatesAreNoSecrets(t *testing.T) {
	s := secrets{}
	s.plan(&Plan{Mix: []Operation{{Steps: []Operation{{Form: Fields{session.Set("password", "{{users.password}}", "hunter2")}}}}}})
	if len(s) != 1 || !s["hunter2"] {
		t.Errorf("%v", s)
	}
}
