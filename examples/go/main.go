// Keeps the newest version of every article in a JSON file, which is replaced as a whole after each batch.
//
//	KAFKA_PASSWORD=... go run . -bootstrap 127.0.0.1:9092 -user downstream -group downstream-mine -file articles.json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const version = "newswire.Article.v1"

// Article holds the fields that this program needs; encoding/json ignores all others.
type Article struct {
	ArticleID     string  `json:"article_id"`
	Version       int     `json:"version"`
	StoryRevision int     `json:"story_revision"`
	Title         string  `json:"title"`
	CopyOf        *string `json:"copy_of"`
}

type table map[string]Article

// keep takes one record over. Records may come twice, and older ones after newer ones; one without a value
// says that the article is taken down.
func (t table) keep(record *kgo.Record) error {
	for _, header := range record.Headers {
		if header.Key == "ce_type" && string(header.Value) != version {
			return errors.New("this program reads " + version + ", not " + string(header.Value))
		}
	}
	if record.Value == nil {
		delete(t, string(record.Key))
		return nil
	}
	var article Article
	if err := json.Unmarshal(record.Value, &article); err != nil {
		return err
	}
	had, known := t[article.ArticleID]
	isNewer := article.Version > had.Version ||
		article.Version == had.Version && article.StoryRevision > had.StoryRevision
	if !known || isNewer {
		t[article.ArticleID] = article
	}
	return nil
}

func load(file string) (table, error) {
	articles := table{}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return articles, nil
	}
	if err != nil {
		return nil, err
	}
	return articles, json.Unmarshal(text, &articles)
}

func (t table) save(file string) error {
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// run writes the file first and commits after: a crash between the two repeats records, and they change nothing.
func run(ctx context.Context, client *kgo.Client, file string) error {
	articles, err := load(file)
	if err != nil {
		return err
	}
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		for _, record := range fetches.Records() {
			if err := articles.keep(record); err != nil {
				return err
			}
		}
		if err := articles.save(file); err != nil {
			return err
		}
		if err := client.CommitUncommittedOffsets(ctx); err != nil {
			return err
		}
	}
}

func main() {
	bootstrap := flag.String("bootstrap", "127.0.0.1:9092", "a broker")
	user := flag.String("user", "", "for a login by SCRAM-SHA-256; the password is in KAFKA_PASSWORD")
	topic := flag.String("topic", "articles", "the topic to read")
	group := flag.String("group", "example-go", "the consumer group")
	file := flag.String("file", "articles.json", "where to keep the articles")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	options := []kgo.Opt{
		kgo.SeedBrokers(*bootstrap),
		kgo.ConsumerGroup(*group),
		kgo.ConsumeTopics(*topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
	}
	if *user != "" {
		login := scram.Auth{User: *user, Pass: os.Getenv("KAFKA_PASSWORD")}
		options = append(options, kgo.SASL(login.AsSha256Mechanism()))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		log.Fatal(err)
	}
	err = run(ctx, client, *file)
	client.Close()
	if err != nil {
		log.Fatal(err)
	}
}
