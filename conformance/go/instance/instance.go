// Package instance calls the Instance API through the unmodified official module alibabacloud-dkms-gcs-go-sdk.
package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/alibabacloud-go/tea/tea"
	openapi "github.com/aliyun/alibabacloud-dkms-gcs-go-sdk/openapi"
	util "github.com/aliyun/alibabacloud-dkms-gcs-go-sdk/openapi-util"
	sdk "github.com/aliyun/alibabacloud-dkms-gcs-go-sdk/sdk"

	"claviger/conformance/claviger"
)

// VersionHeader contains the key version in requests and answers.
const VersionHeader = "x-kms-migrationkeyversionid"

// Fields of a request, by the API's names: string, []byte, int or bool.
type Fields map[string]any

// Refusal is an error of the server: HTTP status, code and message as the SDK passes them to the application.
type Refusal struct {
	Status    int
	Code      string
	Message   string
	RequestID string
}

func (refusal *Refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", refusal.Status, refusal.Code, refusal.Message)
}

// AsRefusal is the refusal in err, or nil if the call succeeded or failed for another reason.
func AsRefusal(err error) *Refusal {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	return nil
}

// Answer is a response of the SDK.
type Answer struct {
	response reflect.Value
	Headers  map[string]*string
}

// Bytes is the value of a bytes field.
func (answer *Answer) Bytes(name string) []byte {
	value, _ := answer.field(name).([]byte)
	return value
}

// Text is the value of a string field; empty if absent.
func (answer *Answer) Text(name string) string {
	value, _ := answer.field(name).(*string)
	return tea.StringValue(value)
}

// Bool is the value of a boolean field; false if absent.
func (answer *Answer) Bool(name string) bool {
	value, _ := answer.field(name).(*bool)
	return tea.BoolValue(value)
}

// Version is the version header of the answer.
func (answer *Answer) Version() string { return tea.StringValue(answer.Headers[VersionHeader]) }

// Has tells whether the response type of the SDK has the field.
func (answer *Answer) Has(name string) bool { return answer.response.FieldByName(name).IsValid() }

func (answer *Answer) field(name string) any {
	field := answer.response.FieldByName(name)
	if !field.IsValid() {
		panic("the SDK's response has no field " + name)
	}
	return field.Interface()
}

// Client calls operations by name.
type Client struct{ SDK *sdk.Client }

// Config has the client key and the ca.pem of the data directory.
func Config(server *claviger.Server) *openapi.Config {
	return &openapi.Config{
		Protocol:      tea.String("https"),
		Endpoint:      tea.String(server.Endpoint),
		ClientKeyFile: tea.String(server.File("client-key.json")),
		Password:      tea.String(server.Password()),
		CaFilePath:    tea.String(server.File("ca.pem")),
		// Milliseconds: an RSA_4096 pair on a busy machine.
		ReadTimeout:    tea.Int(120_000),
		ConnectTimeout: tea.Int(10_000),
	}
}

// New is a client for the server.
func New(server *claviger.Server) (*Client, error) { return NewWith(Config(server)) }

// NewWith is a client with any configuration.
func NewWith(config *openapi.Config) (*Client, error) {
	client, err := sdk.NewClient(config)
	return &Client{SDK: client}, err
}

// Runtime disables retries and asks for the version header.
func Runtime() *util.RuntimeOptions {
	return &util.RuntimeOptions{Autoretry: tea.Bool(false), Headers: []*string{tea.String(VersionHeader)}}
}

// Call calls an operation.
func (client *Client) Call(operation string, fields Fields) (*Answer, error) {
	return client.CallWith(operation, fields, nil, Runtime())
}

// CallWith calls an operation with request headers and runtime options.
func (client *Client) CallWith(operation string, fields Fields, headers map[string]string, runtime *util.RuntimeOptions) (*Answer, error) {
	method := reflect.ValueOf(client.SDK).MethodByName(operation + "WithOptions")
	if !method.IsValid() {
		return nil, fmt.Errorf("the SDK has no operation %s", operation)
	}
	request := reflect.New(method.Type().In(0).Elem())
	for name, value := range fields {
		if err := set(request.Elem().FieldByName(name), value); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", operation, name, err)
		}
	}
	if headers != nil {
		sent := map[string]*string{}
		for name, value := range headers {
			sent[name] = tea.String(value)
		}
		request.Elem().FieldByName("Headers").Set(reflect.ValueOf(sent))
	}
	out := method.Call([]reflect.Value{request, reflect.ValueOf(runtime)})
	if err, _ := out[1].Interface().(error); err != nil {
		return nil, asRefusal(err)
	}
	response := out[0].Elem()
	got, _ := response.FieldByName("Headers").Interface().(map[string]*string)
	return &Answer{response: response, Headers: got}, nil
}

func set(field reflect.Value, value any) error {
	if !field.IsValid() {
		return errors.New("the SDK's request has no such field")
	}
	switch value := value.(type) {
	case string:
		field.Set(reflect.ValueOf(&value))
	case bool:
		field.Set(reflect.ValueOf(&value))
	case int:
		number := int32(value)
		field.Set(reflect.ValueOf(&number))
	case []byte:
		field.SetBytes(value)
	default:
		return fmt.Errorf("a value of type %T", value)
	}
	return nil
}

func asRefusal(err error) error {
	var reported *tea.SDKError
	if !errors.As(err, &reported) || reported.Data == nil {
		return err
	}
	data := struct {
		HTTPCode  int    `json:"httpCode"`
		RequestID string `json:"requestId"`
	}{}
	if broken := json.Unmarshal([]byte(*reported.Data), &data); broken != nil || data.HTTPCode == 0 {
		return err
	}
	return &Refusal{data.HTTPCode, tea.StringValue(reported.Code), tea.StringValue(reported.Message), data.RequestID}
}
