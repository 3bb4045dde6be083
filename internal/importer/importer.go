// Package importer makes plans of what other tools have: curl's command lines, HAR files, OpenAPI descriptions and vegeta's
// targets. It writes YAML for people to read and go on with, with comments on what it could not know.
package importer
