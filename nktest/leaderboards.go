package nktest

// Record is an owner's in the current period of a leaderboard or tournament.
type Record struct {
	OwnerID, Username string
	Score, Subscore   int64
	NumScore          int   // the scores that were submitted
	Rank              int64 // from 1
	Metadata          Value
}

// Records are those of a leaderboard or tournament in its current period, the best first.
// That there is no such leaderboard ends the test.
func (h *Host) Records(id string) []Record {
	h.t.Helper()
	list, err := h.manual.Records(h.ctx, id)
	h.must(err, "list the records of %s", id)
	records := make([]Record, len(list))
	for i, r := range list {
		records[i] = Record{
			OwnerID: r.OwnerId, Username: r.Username.GetValue(), Score: r.Score, Subscore: r.Subscore, NumScore: int(r.NumScore), Rank: r.Rank,
			Metadata: decoded(h.t, "metadata of "+r.Username.GetValue()+"'s record in "+id, r.Metadata),
		}
	}
	return records
}

// Submit submits a user's score to a leaderboard or tournament, as a server module does.
func (h *Host) Submit(user *User, id string, score, subscore int64) {
	h.t.Helper()
	h.must(h.manual.Submit(h.ctx, id, user.ID, user.Username, score, subscore), "submit the score of %s to %s", user.Username, id)
}
