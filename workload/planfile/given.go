package planfile

// Given says whether the plan has a key, such as "load.workers", in its file or by an override. What it does not have was filled in.
func (f *File) Given(key string) bool {
	_, ok := f.source.places[key]
	return ok
}
