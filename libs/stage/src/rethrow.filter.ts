import { Catch, type ArgumentsHost, type RpcExceptionFilter } from '@nestjs/common'
import { throwError, type Observable } from 'rxjs'

/** Nest would put "Internal server error" in the place of what went wrong, and the bus would not know what to do about it. */
@Catch()
export class Rethrow implements RpcExceptionFilter {
  catch(error: unknown, _: ArgumentsHost): Observable<never> {
    return throwError(() => error)
  }
}
