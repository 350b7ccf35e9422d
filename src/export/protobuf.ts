import protobuf from "protobufjs/light.js";

// The parts of the two formats that are written here, with the numbers of their fields. Sources: onnx/onnx.proto of the
// ONNX specification, and tensorflow/core/util/event.proto with framework/summary.proto of TensorBoard.

const field = (type: string, id: number) => ({ type, id });
const list = (type: string, id: number) => ({ rule: "repeated", type, id });
/** Lists of numbers as the second version of protocol buffers writes them. */
const numbers = (type: string, id: number) => ({ ...list(type, id), options: { packed: false } });

const onnx = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: field("int64", 1),
        producerName: field("string", 2),
        producerVersion: field("string", 3),
        docString: field("string", 6),
        graph: field("Graph", 7),
        opsetImport: list("Opset", 8),
        metadataProps: list("Entry", 14),
      },
    },
    Opset: { fields: { domain: field("string", 1), version: field("int64", 2) } },
    Entry: { fields: { key: field("string", 1), value: field("string", 2) } },
    Graph: {
      fields: {
        node: list("Node", 1),
        name: field("string", 2),
        initializer: list("Tensor", 5),
        input: list("ValueInfo", 11),
        output: list("ValueInfo", 12),
      },
    },
    Node: {
      fields: {
        input: list("string", 1),
        output: list("string", 2),
        name: field("string", 3),
        opType: field("string", 4),
        attribute: list("Attribute", 5),
      },
    },
    Attribute: {
      fields: {
        name: field("string", 1),
        f: field("float", 2),
        i: field("int64", 3),
        s: field("bytes", 4),
        ints: numbers("int64", 8),
        type: field("int32", 20),
      },
    },
    Tensor: {
      fields: {
        dims: numbers("int64", 1),
        dataType: field("int32", 2),
        name: field("string", 8),
        rawData: field("bytes", 9),
      },
    },
    ValueInfo: { fields: { name: field("string", 1), type: field("Type", 2) } },
    Type: { fields: { tensorType: field("TensorType", 1) } },
    TensorType: { fields: { elemType: field("int32", 1), shape: field("TensorShape", 2) } },
    TensorShape: { fields: { dim: list("Dimension", 1) } },
    Dimension: { fields: { dimValue: field("int64", 1), dimParam: field("string", 2) } },
  },
});

const event = protobuf.Root.fromJSON({
  nested: {
    Event: {
      fields: {
        wallTime: field("double", 1),
        step: field("int64", 2),
        fileVersion: field("string", 3),
        summary: field("Summary", 5),
      },
    },
    Summary: { fields: { value: list("Value", 1) } },
    Value: { fields: { tag: field("string", 1), simpleValue: field("float", 2) } },
  },
});

/** The bytes of a message, whose fields are named as above. */
function encoder(type: protobuf.Type): (message: object) => Uint8Array<ArrayBuffer> {
  return (message) => Uint8Array.from(type.encode(type.create(message as Record<string, unknown>)).finish());
}

export const encodeModel = encoder(onnx.lookupType("Model"));
export const encodeEvent = encoder(event.lookupType("Event"));
