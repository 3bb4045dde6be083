package workload

import (
	"slices"

	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// Classes of errors that are found here.
const (
	classStatus    = "status"  // the status is not one that was expected: 400 or above, unless the plan says otherwise
	classCheck     = "check"   // the response did not pass a check
	classExtract   = "extract" // a value was not in the response
	classRender    = "render"  // a template could not be filled in
	classSetup     = "setup"   // the session's set-up failed, so that the iteration was not made
	classAbandoned = "abandoned"
)

// errorClasses lists what calls of a run can fail with, in alphabetical order.
func errorClasses() []string {
	classes := []string{classStatus, classCheck, classExtract, classRender, classSetup}
	for _, class := range []wire.Class{
		wire.ClassDNS, wire.ClassRefused, wire.ClassConnect, wire.ClassConnectTimeout, wire.ClassAddressExhausted, wire.ClassFilesExhausted,
		wire.ClassTLS, wire.ClassProxy, wire.ClassSend, wire.ClassReadTimeout, wire.ClassTimeout, wire.ClassReset, wire.ClassClosedEarly,
		wire.ClassProtocol, wire.ClassTooLarge,
	} {
		classes = append(classes, string(class))
	}
	for _, kind := range []session.Kind{
		session.ErrTooManyRedirects, session.ErrBrokenBody, session.ErrContentDecoding, session.ErrBody, session.ErrAuth, session.ErrHook,
		session.ErrInvalidURL, session.ErrInvalidHeader, session.ErrInvalidJSON, session.ErrInvalidArgument, session.ErrConcurrentUse,
	} {
		classes = append(classes, kind.Class())
	}
	slices.Sort(classes)
	return classes
}
